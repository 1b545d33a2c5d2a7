# METADATA
# title: EXPOSE says something that it does not mean
# description: >-
#   EXPOSE names a port inside the container and publishes nothing: a host address or port in it is dropped,
#   port 0 cannot be reached, and the protocol is written in lower case.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/
#   description: Docker, build checks
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write the port and, where it is not TCP, its protocol: `EXPOSE 8080` or `EXPOSE 53/udp`."
#   aliases: [DL3011, DS-0008, ExposeInvalidFormat, ExposeProtoCasing, kics/unix_ports_out_of_range, dockerfilelint/invalid_port, dockerfilelint/expose_host_port]
#   controls: []
#   since: "0.1"
#   only_with: [EXPOSE]
package gate.rules["port-valid"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(each.instruction), message) if {
	some each in instructions.of("EXPOSE")
	some word in regex.split(`[ \t]+`, trim_space(each.instruction.raw))
	message := _fault(word)
}

violations contains finding.at(dockerfile.at(each.instruction), "port 0 cannot be reached") if {
	some each in instructions.of("EXPOSE")
	some port in each.instruction.args
	regex.match(`^0+(/|$)`, port)
}

_fault(word) := sprintf("%s names a host; EXPOSE publishes nothing", [word]) if {
	regex.match(`^[^$]*[0-9.]:[0-9]`, word)
} else := sprintf("the protocol of %s is not in lower case", [word]) if {
	regex.match(`^[^$]*/[a-z]*[A-Z]`, word)
}
