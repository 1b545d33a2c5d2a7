# METADATA
# title: A blank line stands inside an instruction
# description: >-
#   A blank line after a continuation does not end the instruction, though it looks so: the next line belongs to
#   it as well. Docker warns about it and will refuse it.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/
#   description: Docker, build checks
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove the blank line, or start it with `#`."
#   aliases: [NoEmptyContinuation]
#   controls: []
#   since: "0.1"
package gate.rules["empty-continuation"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.lines(line, line), "this blank line does not end the instruction above it") if {
	some warning in input.evidence.dockerfile.warnings
	regex.match(`^line [0-9]{1,9}: empty continuation line`, warning)
	line := to_number(regex.find_n(`[0-9]+`, warning, 1)[0])
}
