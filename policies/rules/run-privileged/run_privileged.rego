# METADATA
# title: A RUN gets the rights or the network of the host
# description: >-
#   --security=insecure runs with all capabilities and devices of the build machine, --network=host reaches its
#   local services, and --device hands out hardware: a dependency that was tampered with leaves the build
#   through them.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/#run---security
#   description: "Docker, RUN --security"
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove the flag; fetch what the step needs before, or give it with a mount."
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [--security, --network, --device]
package gate.rules["run-privileged"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(run), "RUN --security=insecure has all rights on the build machine") if {
	some run in _runs
	files.flag(run, "--security") == "insecure"
}

violations contains finding.warning(finding.at(dockerfile.at(run), "RUN --network=host reaches the services of the build machine")) if {
	some run in _runs
	files.flag(run, "--network") == "host"
}

violations contains finding.warning(finding.at(dockerfile.at(run), message)) if {
	some run in _runs
	device := files.flag(run, "--device")
	message := sprintf("RUN --device=%s hands out a device of the build machine", [device])
}

_runs contains run if {
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	some run in stage.instructions
	run.cmd == "RUN"
}
