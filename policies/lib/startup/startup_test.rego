package gate.lib.startup_test

import data.gate.lib.startup

_pointer := {"kind": "pointer", "path": "pod.yaml", "pointer": "/spec/containers/0", "line": 6}

_image(config) := {"kind": "image", "subject": {"name": "acme/api:1"}, "image": {"config": {"config": config}}}

_container(config, workload) := {
	"kind": "container",
	"image": {"config": {"config": config}},
	"workload": object.union({"origin": _pointer, "command": null, "args": null}, workload),
}

_dockerfile(config, instructions) := {
	"kind": "dockerfile",
	"subject": {"name": "Dockerfile"},
	"dockerfile": {"stages": [{"target": true, "line": 3, "config": config, "instructions": instructions}]},
}

_argv(evidence) := argv if {
	argv := startup.argv with input.evidence as evidence
}

_line(evidence) := origin.line if {
	origin := startup.origin with input.evidence as evidence
}

_config := {"Entrypoint": ["tini", "--"], "Cmd": ["node", "x.js"]}

test_an_image_starts_its_entrypoint_with_its_cmd if {
	_argv(_image(_config)) == ["tini", "--", "node", "x.js"]
	_argv(_image({"Entrypoint": null, "Cmd": ["npm", "start"]})) == ["npm", "start"]
}

test_a_command_of_the_manifest_replaces_both if {
	_argv(_container(_config, {"command": ["api"]})) == ["api"]
	_argv(_container(_config, {"command": ["api"], "args": ["-v"]})) == ["api", "-v"]
}

test_args_of_the_manifest_replace_cmd if {
	_argv(_container(_config, {"args": ["api"]})) == ["tini", "--", "api"]
	_argv(_container(_config, {})) == ["tini", "--", "node", "x.js"]
}

test_a_dockerfile_starts_what_its_target_says if {
	_argv(_dockerfile({"entrypoint": ["tini"], "cmd": ["node"]}, [])) == ["tini", "node"]
	_argv(_dockerfile({"entrypoint": null, "cmd": ["node"]}, [])) == ["node"]
}

test_what_only_the_image_knows_is_undefined if {
	not _argv(_dockerfile({"entrypoint": null, "cmd": null}, []))
	not _argv(object.union(_container({}, {}), {"image": null}))
}

test_the_place_is_where_it_is_said if {
	cmd := [{"cmd": "CMD", "line": 8, "end_line": 8}, {"cmd": "USER", "line": 9, "end_line": 9}]
	_line(_dockerfile({}, cmd)) == 8
	_line(_dockerfile({}, [])) == 3
	_line(_container({}, {})) == 6
	{"kind": "config", "field": "Entrypoint"} == startup.origin with input.evidence as _image({})
	null == startup.origin with input.evidence as {"kind": "dockerfile", "dockerfile": null}
}
