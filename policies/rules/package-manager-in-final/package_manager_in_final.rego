# METADATA
# title: Packages are installed into the image that ships
# description: >-
#   Whoever installs packages in the last stage needs a base with a package manager and a shell, and both stay
#   for an intruder to use. A builder can prepare the files, and a distroless image can take them.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: "Docker, building best practices"
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [--from]
#   fix: "Install in a builder and copy the files that are needed, or choose a base that has them."
#   aliases: []
#   controls: []
#   since: "0.1"
package gate.rules["package-manager-in-final"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding
import data.gate.lib.packages
import data.gate.lib.text

violations contains finding.at(dockerfile.at(use.run), message) if {
	_several
	some use in packages.by({"apt", "apk", "yum", "dnf", "zypper"})
	use.ships
	gone := _deleted(use)
	names := [name | some name in use.names; not name in gone]
	count(names) > 0
	message := sprintf("%s installs %s into the image that ships", [use.program, text.some_of(names)])
}

# What the same RUN deletes again: by name, or by the name that --virtual gave.
_deleted(use) := {name | some name in use.names} if {
	some position, arg in use.args
	arg in {"-t", "--virtual"}
	group := use.args[position + 1]
	deleted := _operands_of_del(use)
	group in deleted
} else := _operands_of_del(use)

_operands_of_del(use) := {name |
	some command in use.run.commands
	command.program == "apk"
	"del" in command.args
	some name in command.args
}

# A build in one stage is multi-stage-build's to tell.
_several if count(files.between) > 0
