# METADATA
# title: A port below 1024 is for a user that may not open it
# description: >-
#   Docker lets every user of a container open low ports; other runtimes and older Kubernetes nodes do not, and
#   the program ends with `permission denied` there.
# related_resources:
# - ref: https://docs.docker.com/engine/security/rootless/tips/
#   description: Docker, exposing privileged ports
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Listen on a port above 1023, and map it outside: EXPOSE 8080."
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [EXPOSE]
package gate.rules["privileged-port"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(each.instruction), message) if {
	input.evidence.facts.user.root == false
	some each in instructions.shipped("EXPOSE")
	some port in each.instruction.args
	regex.match(`^0*([1-9][0-9]?[0-9]?|10[01][0-9]|102[0-3])(/|$)`, port)
	message := sprintf("port %s needs a privilege that a user other than root may lack", [port])
}
