# METADATA
# title: Package lists are updated apart from the installation
# description: >-
#   The layer of `apt-get update` is cached: months later the installation in the next RUN still uses the old
#   lists and asks for packages that are gone, or installs old ones.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write `apt-get update && apt-get install -y ...` as one RUN."
#   aliases: [DS-0017, CKV_DOCKER_5, CIS-DI-0007, kics/update_instruction_alone, dockerfilelint/apt-get-update_require_install]
#   controls: [CIS Docker 4.7]
#   since: "0.1"
#   only_with: [apt-get, apt, aptitude]
package gate.rules["update-alone"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages

violations contains finding.at(dockerfile.at(call.run), message) if {
	some program in ["apt-get", "apt", "aptitude"]
	some call in commands.of(program)
	commands.operands(call.command)[0] == "update"
	not _followed(call)
	message := sprintf("%s update stands in a RUN of its own", [program])
}

_followed(call) if {
	some use in packages.uses
	use.run.line == call.run.line
	use.stage == call.stage
	use.manager == "apt"
	not use.verb in {"update", "clean", "autoclean"}
}

# A script or another tool of the same RUN may install.
_followed(call) if {
	some command in call.run.commands
	not _known(command)
}

_followed(call) if commands.mounted(call.run, "/var/lib/apt/lists")

_known(command) if {
	command.opaque == false
	command.program in {"apt-get", "apt", "aptitude", "rm", "echo", "true", "set", "export", "cd", "sudo"}
}
