# METADATA
# title: What a container starts
# description: The command line of its first process, from a manifest, an image or a Dockerfile.
package gate.lib.startup

import data.gate.lib.dockerfile

# METADATA
# description: >-
#   The program and its arguments; undefined where only the image can tell. Kubernetes' command replaces ENTRYPOINT and
#   drops CMD; its args replace CMD.
argv := array.concat(_command, _args) if {
	input.evidence.kind == "container"
	count(_command) > 0
} else := array.concat(_entrypoint, _words) if {
	_image_is_known
	_words := _cmd
}

# METADATA
# description: >-
#   Where it is said: in the manifest, in the image's config, at the last ENTRYPOINT or CMD of the Dockerfile, or at the
#   FROM that it is inherited by; null where none of them is there.
origin := place if {
	place := input.evidence.workload.origin
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
