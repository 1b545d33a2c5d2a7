# METADATA
# title: An archive is copied and unpacked in two steps
# description: >-
#   COPY keeps the archive in its own layer, and RUN tar adds what was in it: the image holds both. ADD unpacks
#   a local archive as it reads it.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: "Docker, building best practices"
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [tar]
#   fix: "Write `ADD archive.tar.gz /target/` instead of COPY and `RUN tar`."
#   aliases: [DL3010, tally/prefer-add-unpack]
#   controls: []
#   since: "0.1"
package gate.rules["add-archive"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.copies
	copy.ships
	copy.instruction.cmd == "COPY"
	copy.context
	some source in copy.sources
	_archive(source)
	some call in commands.of("tar")
	call.stage == copy.stage
	call.run.line > copy.instruction.line
	some arg in call.command.args
	some path in _places(copy, source)
	endswith(arg, files.name(path))
	some flags in array.slice(call.command.args, 0, 2)
	regex.match(`^-{0,2}[a-z]*x`, flags)
	message := sprintf("%s is copied, and unpacked by RUN tar", [source])
}

_places(copy, source) := [source, copy.target] if {
	is_string(copy.target)
	_archive(copy.target)
} else := [source]

_archive(path) if regex.match(`\.(tar(\.(gz|bz2|xz|zst|lzma))?|tgz|tbz2?|txz)$`, path)
