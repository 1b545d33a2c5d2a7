# METADATA
# title: PID 1 neither passes on signals nor reaps children
# description: >-
#   The first process of a container gets no default signal handlers and inherits every orphan. Node.js and the package
#   managers that start it ignore SIGTERM there, so that Kubernetes waits out its grace period and then kills the
#   program in the middle of its work. dumb-init or tini as PID 1 does both jobs.
# related_resources:
# - ref: https://github.com/nodejs/docker-node/blob/main/docs/BestPractices.md#handling-kernel-signals
#   description: Docker and Node.js, handling kernel signals
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile, image, container]
#   needs: []
#   settled_on: [image, container]
#   fix: "Start it through an init: `ENTRYPOINT [\"dumb-init\", \"--\"]` or `[\"tini\", \"--\"]`."
#   aliases: []
#   controls: []
#   since: "0.1"
#   parameters:
#     programs:
#       type: strings
#       description: Programs that do not do the work of PID 1 by themselves.
package gate.rules["init-process"]

import data.gate.lib.finding
import data.gate.lib.startup

violations contains finding.at(startup.origin, message) if {
	not _reaped_by_the_pod
	program := _program(startup.argv[0])
	program in input.parameters["init-process"].programs
	message := sprintf("PID 1 is %s, which leaves signals and orphaned processes unhandled", [program])
}

undecided contains finding.at(startup.origin, "what PID 1 is shows only in the image") if {
	not _reaped_by_the_pod
	not startup.argv
}

_reaped_by_the_pod if input.evidence.workload.shares_processes == true

_program(path) := parts[count(parts) - 1] if parts := split(path, "/")
