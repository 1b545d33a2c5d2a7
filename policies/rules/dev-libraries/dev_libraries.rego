# METADATA
# title: Headers and static libraries ship in the image
# description: >-
#   Packages that end in -dev or -devel hold headers and static libraries, for compilers only. At run time the
#   library itself is enough: libpq5, not libpq-dev.
# related_resources:
# - ref: https://docs.docker.com/build/building/multi-stage/
#   description: "Docker, multi-stage builds"
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Install the -dev package in a builder, and the library it belongs to in the image."
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [apt-get, apt, aptitude, apk, yum, dnf, microdnf, tdnf, zypper]
package gate.rules["dev-libraries"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages
import data.gate.lib.text

violations contains finding.at(dockerfile.at(use.run), message) if {
	some use in packages.by({"apt", "apk", "yum", "dnf", "zypper"})
	use.ships
	names := [name | some name in use.names; regex.match(`^[a-z].*-(dev|devel|headers)(=.*)?$`, name); not name in _tools]
	count(names) > 0
	not _removed(use)
	message := sprintf("headers and static libraries ship: %s", [text.some_of(names)])
}

# multi-stage-build speaks of these.
_tools := {"musl-dev", "libc6-dev", "libc-dev"}

_removed(use) if {
	some other in packages.uses
	other.run.line == use.run.line
	other.stage == use.stage
	other.verb in {"del", "purge", "remove", "autoremove", "erase", "rm"}
}
