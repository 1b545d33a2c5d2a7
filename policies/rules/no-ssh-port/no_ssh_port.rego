# METADATA
# title: The image exposes SSH
# description: >-
#   A shell server in a container needs keys, accounts and updates of its own, and gives whoever gets in a way
#   around the orchestrator; `kubectl exec` and `docker exec` need no port.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove `EXPOSE 22` and the SSH server."
#   aliases: [DS-0004, CKV_DOCKER_1, kics/exposing_port_22_ssh, kics/exposing_port_22]
#   controls: [CIS Docker 5.6, NIST SP 800-190 4.4.1]
#   since: "0.1"
#   only_with: [EXPOSE]
package gate.rules["no-ssh-port"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(each.instruction), "port 22, of SSH, is exposed") if {
	some each in instructions.shipped("EXPOSE")
	some port in each.instruction.args
	port in {"22", "22/tcp"}
}
