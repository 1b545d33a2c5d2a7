# METADATA
# title: Builders stay behind
# custom:
#   input: conftest
#   id: builders
package team.builders

import rego.v1

import data.words

last := max([command.Stage | some command in input])

violation contains msg if {
	last > 0
	some command in input
	command.Stage == last
	command.Cmd == "run"
	some tool in {"gcc", "make", "git"}
	words.holds(command, tool)
	msg := sprintf("the last of %d stages runs %s", [last + 1, tool])
}

warn contains msg if {
	some command in input
	command.Cmd == "copy"
	some flag in command.Flags
	startswith(flag, "--from=")
	from := trim_prefix(flag, "--from=")
	regex.match("^[0-9]+$", from)
	msg := sprintf("stage %d copies from stage number %s", [command.Stage, from])
}

warn contains sprintf("comment in stage %d: %s", [command.Stage, command.Value[0]]) if {
	some command in input
	command.Cmd == "comment"
	contains(command.Value[0], "TODO")
}

deny contains msg if {
	some command in input
	command.Cmd == "onbuild"
	msg := sprintf("ONBUILD %s %v", [command.SubCmd, command.Value])
}
