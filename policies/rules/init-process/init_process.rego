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

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(_origin, message) if {
	not _reaped_by_the_pod
	program := _program(_argv[0])
	program in input.parameters["init-process"].programs
	message := sprintf("PID 1 is %s, which leaves signals and orphaned processes unhandled", [program])
}

undecided contains finding.at(_origin, "what PID 1 is shows only in the image") if {
	not _reaped_by_the_pod
	not _argv
}

_reaped_by_the_pod if input.evidence.workload.shares_processes == true

# Kubernetes' command replaces ENTRYPOINT and drops CMD; its args replace CMD.
_argv := array.concat(_command, _args) if {
	input.evidence.kind == "container"
	count(_command) > 0
} else := array.concat(_entrypoint, _words) if {
	_image_is_known
	_words := _cmd
}

_command := _list(input.evidence.workload, "command")

_args := args if {
	args := input.evidence.workload.args
	is_array(args)
} else := []

_image_is_known if {
	input.evidence.kind == "dockerfile"
	some stage in input.evidence.dockerfile.stages
	stage.target
	count(array.concat(_list(stage.config, "entrypoint"), _list(stage.config, "cmd"))) > 0
}

_image_is_known if is_object(input.evidence.image)

_entrypoint := list if {
	input.evidence.kind == "dockerfile"
	list := _list(_target.config, "entrypoint")
} else := _list(_config, "Entrypoint")

_cmd := _args if {
	input.evidence.kind == "container"
	is_array(input.evidence.workload.args)
} else := list if {
	input.evidence.kind == "dockerfile"
	list := _list(_target.config, "cmd")
} else := _list(_config, "Cmd")

_target := dockerfile.target

_config := object.get(input.evidence, ["image", "config", "config"], {})

_list(object_, key) := list if {
	list := object_[key]
	is_array(list)
} else := []

_program(path) := parts[count(parts) - 1] if parts := split(path, "/")

_origin := origin if {
	origin := input.evidence.workload.origin
} else := {"kind": "config", "field": "Entrypoint"} if {
	input.evidence.kind == "image"
} else := {"kind": "line", "path": input.evidence.subject.name, "line": last.line, "end_line": last.end_line} if {
	starts := [instruction |
		some instruction in _target.instructions
		instruction.cmd in {"CMD", "ENTRYPOINT"}
	]
	count(starts) > 0
	last := starts[count(starts) - 1]
} else := {"kind": "line", "path": input.evidence.subject.name, "line": _target.line, "end_line": _target.line} if {
	_target
} else := null
