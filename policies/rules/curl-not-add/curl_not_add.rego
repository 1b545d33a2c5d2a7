# METADATA
# title: A download that ADD would do
# description: >-
#   curl and wget have to be installed, their downloads are cached by the text of the command and not by what
#   the server has, and are rarely verified. ADD with --checksum needs no program in the image.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: "Docker, building best practices"
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [curl, wget]
#   fix: "Write `ADD --checksum=sha256:... URL /target`."
#   aliases: [kics/curl_or_wget_instead_of_add]
#   controls: []
#   since: "0.1"
package gate.rules["curl-not-add"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.text

violations contains finding.at(dockerfile.at(call.run), message) if {
	some program in ["curl", "wget"]
	some call in commands.of(program)
	call.ships
	not is_string(call.command.piped_to)
	count([command | some command in call.run.commands; not command.program in {"curl", "wget", "chmod", "mkdir", "cd", "set"}]) == 0
	urls := [arg | some arg in call.command.args; regex.match(`^https?://`, arg)]
	count(urls) == 1
	message := sprintf("%s downloads %s and nothing else is done with it", [program, text.short(urls[0])])
}
