# METADATA
# title: Both curl and wget are used
# description: >-
#   curl and wget do the same; a stage that uses both installs, updates and carries one program too many.
# related_resources:
# - ref: https://github.com/hadolint/hadolint/wiki
#   description: hadolint, rules
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Use one of them throughout.
#   aliases: [DL4001, DS-0014, kics/run_using_wget_and_curl]
#   controls: []
#   since: "0.1"
#   only_with: [wget]
package gate.rules["one-downloader"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), "wget is called in a stage that calls curl as well") if {
	some call in commands.of("wget")
	some other in commands.of("curl")
	call.stage == other.stage
}
