# METADATA
# title: Files copied after USER belong to root
# description: >-
#   COPY ignores USER: its files belong to root, and a program that wants to write there fails when it runs.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: "Docker, Dockerfile reference"
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [USER]
#   fix: "Say who owns them, `COPY --chown=65532:65532`; or copy before USER where they are only read."
#   aliases: [tally/copy-after-user-without-chown, kics/chown_flag_exists]
#   controls: []
#   since: "0.1"
package gate.rules["copy-chown"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.with_fix(finding.at(dockerfile.at(copy.instruction), message), fix) if {
	some copy in files.copies
	copy.ships
	not files.flag(copy.instruction, "--chown")
	some stage in input.evidence.dockerfile.stages
	stage.index == copy.stage
	users := [instruction.args[0] |
		some instruction in stage.instructions
		instruction.cmd == "USER"
		instruction.line < copy.instruction.line
	]
	user := users[count(users) - 1]
	not regex.match(`^(root|0+)?(:.*)?$`, user)
	message := sprintf("these files belong to root, not to %s", [user])
	fix := sprintf("Say who owns them, `%s --chown=%s`; or copy before USER where they are only read.", [copy.instruction.cmd, user])
}
