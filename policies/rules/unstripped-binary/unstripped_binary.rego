# METADATA
# title: A Go program ships with its debug information
# description: >-
#   By default Go writes symbol tables and DWARF into the program, a quarter to a third of its size, which
#   nothing reads at run time: panics and profiles keep names and lines without them.
# related_resources:
# - ref: https://pkg.go.dev/cmd/link
#   description: "Go, the linker"
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Build with `go build -ldflags=\"-s -w\"`."
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [go]
package gate.rules["unstripped-binary"]

import data.gate.lib.builds
import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(program.call.run), "go build without -s -w: symbols and debug information ship") if {
	some found in builds.shipped
	program := found.program
	program.language == "Go"
	not program.call.command.opaque
	not _stripped(program)
}

_stripped(program) if {
	some text in array.concat(program.call.command.args, _flags(program))
	regex.match(`(^|[ ='"])-[sw]($|[ '"])`, text)
	contains(text, "-s")
}

# What a variable holds is not known here.
_stripped(program) if {
	some text in array.concat(program.call.command.args, _flags(program))
	regex.match(`ldflags[= ].*\$|^\$`, text)
}

_stripped(program) if {
	some tool in ["strip", "upx"]
	some call in commands.of(tool)
	call.stage in files.chain[program.stage.index]
}

_flags(program) := [value | value := builds.settings(program.call, program.stage).GOFLAGS]
