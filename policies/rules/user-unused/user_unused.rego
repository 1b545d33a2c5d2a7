# METADATA
# title: A user is created and never used
# description: >-
#   A user was made to run the program, and no USER selects it: the program runs as root after all.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: "Docker, building best practices"
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [useradd, adduser]
#   fix: Add USER with the number of the user as the last step.
#   aliases: [tally/user-created-but-never-used]
#   controls: []
#   since: "0.1"
package gate.rules["user-unused"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages

violations contains finding.at(dockerfile.at(call.run), message) if {
	some program in ["useradd", "adduser"]
	some call in commands.of(program)
	call.ships
	not _selected
	not _drops
	message := sprintf("%s creates a user, and no USER selects one", [program])
}

_selected if {
	some stage in input.evidence.dockerfile.stages
	stage.index in commands.shipped
	some instruction in stage.instructions
	instruction.cmd == "USER"
}

# Tools that change the user when the container starts.
_drops if {
	some use in packages.installs
	some name in use.names
	regex.match(`^(gosu|su-exec|setpriv|s6-overlay|tini-gosu|dumb-init|supervisor|openssh.*|sudo)(=.*)?$`, name)
}
