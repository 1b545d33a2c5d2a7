# METADATA
# title: A download is run as it arrives
# description: >-
#   What a server sends is run as root without being looked at: nothing pins it, a broken transfer runs half of
#   a script, and the next build may run another one.
# related_resources:
# - ref: https://slsa.dev/spec/v1.1/threats
#   description: SLSA, supply chain threats
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Download a version to a file, check it with `sha256sum -c` (or use `ADD --checksum`), then run it."
#   aliases: []
#   controls: [NIST SP 800-190 4.1.5]
#   since: "0.1"
#   only_with: [curl, wget]
package gate.rules["pipe-to-shell"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), message) if {
	some program in ["curl", "wget"]
	some call in commands.of(program)
	runner := _runner(call)
	message := sprintf("what %s downloads is run by %s", [program, runner])
}

# A shell that reads its script from a pipe or a substitution is opaque.
_runner(call) := "a shell" if {
	some reader in call.run.commands
	reader.opaque
	_reads(call, reader)
} else := concat("", [command.program]) if {
	some command in array.slice(call.run.commands, call.position + 1, call.position + 2)
	command.connector == "|"
	command.program in {"python", "python3", "perl", "ruby", "node", "php"}
	_from_the_pipe(command)
}

# What follows - (PHP: --) are arguments of the script.
_from_the_pipe(command) if count(command.args) == 0

_from_the_pipe(command) if command.args[0] == "-"

_from_the_pipe(command) if {
	command.program == "php"
	command.args[0] == "--"
}

_reads(call, reader) if {
	reader.program in _shells
	call.command.piped_to == reader.program
}

_reads(call, reader) if {
	some wrapper in reader.wrappers
	wrapper in _shells
	call.command.piped_to == wrapper
}

# curl x | gunzip | sh
_reads(call, reader) if {
	reader.program in _shells
	some position, command in call.run.commands
	command == reader
	position > call.position
	between := array.slice(call.run.commands, call.position + 1, position + 1)
	count([each | some each in between; each.connector != "|"]) == 0
}

_shells := {"sh", "bash", "ash", "dash", "zsh", "ksh", "eval", "source", "."}
