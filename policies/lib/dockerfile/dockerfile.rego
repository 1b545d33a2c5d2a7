# METADATA
# title: The Dockerfile
# description: Its stages and places, for rules that read instructions.
package gate.lib.dockerfile

# METADATA
# description: The origin of some lines of the Dockerfile.
lines(first, last) := {"kind": "line", "path": input.evidence.subject.name, "line": first, "end_line": last}

# METADATA
# description: The origin of a stage's FROM line, an instruction, a command or an external input.
at(part) := lines(part.line, part.end_line) if is_number(part.end_line)

else := lines(part.line, part.line)

# METADATA
# description: The stage that becomes the image.
target := [stage |
	some stage in input.evidence.dockerfile.stages
	stage.target
][0]

# METADATA
# description: What people call a stage.
called(stage) := stage.name if is_string(stage.name)

else := sprintf("%d", [stage.index])

# METADATA
# description: External inputs of stages that are built.
inputs contains one if {
	some one in input.evidence.dockerfile.inputs
	one.reachable
}
