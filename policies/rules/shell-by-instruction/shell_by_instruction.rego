# METADATA
# title: The system shell is replaced by a link
# description: >-
#   Scripts of the system expect the /bin/sh that the distribution ships. To run the commands of a Dockerfile
#   with another shell, there is an instruction that changes nothing in the image.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write `SHELL [\"/bin/bash\", \"-c\"]` instead of replacing /bin/sh."
#   aliases: [DL4005, kics/changing_default_shell_using_run_command]
#   controls: []
#   since: "0.1"
#   only_with: [ln, mv, cp]
package gate.rules["shell-by-instruction"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), message) if {
	some program in ["ln", "mv", "cp"]
	some call in commands.of(program)
	words := commands.operands(call.command)
	words[count(words) - 1] in {"/bin/sh", "/usr/bin/sh"}
	regex.match(`(^|/)(bash|zsh|ksh|dash|fish)$`, words[0])
	message := sprintf("%s puts %s in the place of /bin/sh", [program, words[0]])
}
