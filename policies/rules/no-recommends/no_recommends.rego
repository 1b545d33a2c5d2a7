# METADATA
# title: Recommended packages are installed as well
# description: >-
#   apt installs what packages recommend, not only what they need; in an image that is often half of what is
#   added.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: info
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Add `--no-install-recommends` and name what is really needed."
#   aliases: [DL3015, DS-0029, kics/apt_get_not_avoiding_additional_packages, dockerfilelint/apt-get_recommends]
#   controls: []
#   since: "0.1"
#   only_with: [apt-get, apt]
package gate.rules["no-recommends"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages

violations contains finding.at(dockerfile.at(use.run), message) if {
	some use in packages.by({"apt"})
	use.ships
	use.verb == "install"
	not use.program == "aptitude"
	not use.command.opaque
	not commands.has_flag(use.command, {"--no-install-recommends", "--install-recommends"})
	not _configured(use)
	message := sprintf("%s install takes recommended packages along", [use.program])
}

_configured(use) if {
	some arg in use.command.args
	contains(lower(arg), "install-recommends")
}

# An apt configuration written before says it for every call.
_configured(use) if {
	some stage in input.evidence.dockerfile.stages
	stage.index in commands.shipped
	some instruction in stage.instructions
	instruction.cmd in {"RUN", "COPY"}
	contains(instruction.raw, "Install-Recommends")
	instruction.line <= use.run.line
}
