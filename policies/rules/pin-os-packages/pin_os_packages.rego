# METADATA
# title: A system package has no version
# description: >-
#   Without a version the same Dockerfile installs something else when the repository moves on. Versions make a
#   build say so by failing; they also need someone who renews them, which is why this is for strict teams.
# related_resources:
# - ref: https://github.com/hadolint/hadolint/wiki
#   description: hadolint, rules
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Name a version: `apt-get install curl=8.5.0-2`, `apk add curl=~8.9`, `dnf install curl-8.9.1`."
#   aliases: [DL3008, DL3018, DL3033, DL3041, DL3037, kics/apt_get_install_pin_version_not_defined, kics/unpinned_package_version_in_apk_add, kics/yum_install_without_version, kics/missing_version_specification_in_dnf_install, kics/zypper_install_without_version]
#   controls: []
#   since: "0.1"
#   only_with: [apt-get, apt, aptitude, apk, yum, dnf, microdnf, tdnf, zypper]
package gate.rules["pin-os-packages"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages
import data.gate.lib.text

violations contains finding.at(dockerfile.at(use.run), message) if {
	some use in packages.by({"apt", "apk", "yum", "dnf", "zypper"})
	loose := [name |
		some name in use.names
		not _other(name)
		not regex.match(_versions[use.manager], name)
	]
	count(loose) > 0
	message := sprintf("%s %s takes whatever version there is of %s", [use.program, use.verb, text.some_of(loose)])
}

_versions := {
	"apt": `[=/]|[-+]$`,
	"apk": `[=<>~@]`,
	"yum": `-[0-9]|^@|[=:]`,
	"dnf": `-[0-9]|^@|[=:]`,
	"zypper": `[=<>]`,
}

# A variable, a pattern, a file, an address, or the redirection that follows.
_other(name) if regex.match("[$`*?]|^[./~]|://|\\.(deb|rpm|apk)$", name)

_other(name) if name in {"install", "in"}
