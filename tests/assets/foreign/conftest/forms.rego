package main

import rego.v1

violation_shell contains {"msg": msg} if {
	some command in input
	command.Cmd in {"cmd", "entrypoint"}
	not command.JSON
	msg := sprintf("%s of stage %d is started by a shell: %s", [upper(command.Cmd), command.Stage, concat(" ", command.Value)])
}

warn_empty contains msg if {
	some command in input
	command.JSON
	command.Value == null
	msg := sprintf("%s is emptied", [command.Cmd])
}
