# METADATA
# title: Files below /root cannot be read by the user of the image
# description: >-
#   /root has mode 0700: as soon as USER is not root, what was copied or installed below it is out of reach, and
#   the program fails with "permission denied" or "module not found". Ownership of the files does not help where
#   the folder above them is closed.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: "Docker, Dockerfile reference"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Install into a virtual environment or prefix such as /opt/venv and copy that, or copy into the user's own home with `COPY --chown`."
#   aliases: []
#   controls: []
#   since: "0.1"
package gate.rules["root-home-unreadable"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.with_fix(finding.at(dockerfile.at(copy.instruction), message), fix) if {
	some copy in files.copies
	copy.ships
	is_string(copy.target)
	files.within(copy.target, "/root")
	_in_the_way(copy)
	not _opened
	message := sprintf("%s is copied to %s, below /root, which %s", [concat(" ", copy.sources), copy.target, _who])
	fix := sprintf(_fix, [_user_text])
}

# pip install --user and its like write to the home of root.
violations contains finding.with_fix(finding.at(dockerfile.at(call.run), message), fix) if {
	some program in ["pip", "pip3"]
	some call in commands.of(program)
	call.ships
	commands.has_flag(call.command, {"--user"})
	_as_root(call)
	not _opened
	message := sprintf("pip install --user writes to /root/.local, which %s", [_who])
	fix := sprintf(_fix, [_user_text])
}

_fix := "Put it outside /root: a virtual environment (`python -m venv /opt/venv`), or the user's home with `COPY --chown=%s`."

_user_text := user.value if {
	user := input.evidence.facts.user
	user.root == false
	user.value != ""
} else := "65532:65532"

# Without USER it works, until the USER that the image needs is set.
_who := sprintf("user %s cannot enter", [_user_text]) if {
	input.evidence.facts.user.root == false
} else := "only root can enter, and USER is to be set"

# Dotfiles of root do no harm in an image that runs as root; programs from another stage are there to be run.
_in_the_way(_) if input.evidence.facts.user.root == false

_in_the_way(copy) if is_number(copy.from)

_opened if {
	some call in commands.of("chmod")
	call.ships
	"/root" in call.command.args
}

_as_root(call) if {
	not _switched(call)
}

_switched(call) if {
	some stage in input.evidence.dockerfile.stages
	stage.index == call.stage
	some instruction in stage.instructions
	instruction.cmd == "USER"
	instruction.line < call.run.line
}
