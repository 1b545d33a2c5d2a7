package gate.rules["init-process_test"]

import data.gate.rules["init-process"] as rule

_parameters := {"init-process": {"programs": ["node", "npm"]}}

_stage(config, instructions) := {"target": true, "line": 3, "config": config, "instructions": instructions}

_dockerfile(config, instructions) := {"parameters": _parameters, "evidence": {
	"kind": "dockerfile",
	"subject": {"name": "Dockerfile"},
	"dockerfile": {"stages": [{"target": false, "line": 1, "config": {}}, _stage(config, instructions)]},
	"image": null,
	"workload": null,
}}

_image(config) := {"parameters": _parameters, "evidence": {
	"kind": "image",
	"subject": {"name": "acme/api:1"},
	"dockerfile": null,
	"image": {"config": {"config": config}},
	"workload": null,
}}

_pointer := {"kind": "pointer", "path": "pod.yaml", "pointer": "/spec/containers/0", "line": 6}

_container(image, workload) := {"parameters": _parameters, "evidence": {
	"kind": "container",
	"subject": {"name": "x"},
	"dockerfile": null,
	"image": image,
	"workload": object.union({"origin": _pointer, "command": null, "args": null, "shares_processes": false}, workload),
}}

_found(program, origin) := {{
	"origin": origin,
	"message": sprintf("PID 1 is %s, which leaves signals and orphaned processes unhandled", [program]),
}}

test_reports_node_as_cmd_of_a_dockerfile if {
	cmd := [{"cmd": "RUN", "line": 4, "end_line": 4}, {"cmd": "CMD", "line": 9, "end_line": 10}]
	config := {"entrypoint": null, "cmd": ["node", "server.js"]}
	found := _found("node", {"kind": "line", "path": "Dockerfile", "line": 9, "end_line": 10})
	rule.violations == found with input as _dockerfile(config, cmd)
}

test_reports_an_inherited_entrypoint_at_the_from if {
	config := {"entrypoint": ["/usr/local/bin/node"], "cmd": null}
	found := _found("node", {"kind": "line", "path": "Dockerfile", "line": 3, "end_line": 3})
	rule.violations == found with input as _dockerfile(config, [])
}

test_reports_an_image if {
	found := _found("npm", {"kind": "config", "field": "Entrypoint"})
	rule.violations == found with input as _image({"Entrypoint": null, "Cmd": ["npm", "start"]})
}

test_reports_what_the_manifest_starts if {
	image := {"config": {"config": {"Entrypoint": ["dumb-init", "--"], "Cmd": ["node"]}}}
	expected := _found("node", _pointer)
	rule.violations == expected with input as _container(image, {"command": ["node"], "args": ["x.js"]})
	rule.violations == expected with input as _container(null, {"command": ["node"]})
}

test_reports_args_without_an_entrypoint if {
	image := {"config": {"config": {"Cmd": ["/api"]}}}
	expected := _found("npm", _pointer)
	rule.violations == expected with input as _container(image, {"args": ["npm", "start"]})
}

test_accepts_an_init_a_server_and_a_shared_process_namespace if {
	init := {"config": {"config": {"Entrypoint": ["/sbin/tini", "--"], "Cmd": ["node", "x.js"]}}}
	node := {"config": {"config": {"Cmd": ["node", "x.js"]}}}
	rule.violations == set() with input as _container(init, {})
	rule.violations == set() with input as _container(init, {"args": ["node"]})
	rule.violations == set() with input as _container(node, {"shares_processes": true})
	rule.violations == set() with input as _image({"Entrypoint": ["/server"]})
	rule.violations == set() with input as _dockerfile({"entrypoint": ["tini", "--"], "cmd": ["node"]}, [])
	rule.undecided == set() with input as _container(init, {})
}

test_is_undecided_without_the_image if {
	doubt := {{"origin": _pointer, "message": "what PID 1 is shows only in the image"}}
	rule.undecided == doubt with input as _container(null, {})
	rule.violations == set() with input as _container(null, {})
	rule.undecided == set() with input as _container(null, {"shares_processes": true})
}

test_is_undecided_when_the_base_decides if {
	rule.violations == set() with input as _dockerfile({"entrypoint": null, "cmd": null}, [])
	count(rule.undecided) == 1 with input as _dockerfile({"entrypoint": null, "cmd": null}, [])
}

test_is_undecided_without_a_dockerfile if {
	hidden := {"parameters": _parameters, "evidence": {"kind": "dockerfile", "dockerfile": null, "image": null, "workload": null}}
	expected := {{"origin": null, "message": "what PID 1 is shows only in the image"}}
	rule.undecided == expected with input as hidden
}
