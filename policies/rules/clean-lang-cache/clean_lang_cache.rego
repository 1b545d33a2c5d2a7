# METADATA
# title: The cache of pip or yarn stays in the image
# description: >-
#   pip and yarn keep what they download so that the next installation is quick; in an image there is none, and
#   the cache is often as large as what was installed.
# related_resources:
# - ref: https://pip.pypa.io/en/stable/topics/caching/
#   description: pip, caching
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Use `pip install --no-cache-dir`, end the RUN with `yarn cache clean`, or mount the cache: `--mount=type=cache,target=/root/.cache`."
#   aliases: [DL3042, DL3060, kics/pip_install_keeping_cached_packages]
#   controls: []
#   since: "0.1"
#   only_with: [pip, pip3, python*, yarn]
package gate.rules["clean-lang-cache"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions
import data.gate.lib.packages

violations contains finding.with_fix(finding.at(dockerfile.at(use.run), message), "Add `--no-cache-dir`.") if {
	some use in packages.by({"pip"})
	use.ships
	not commands.has_flag(use.command, {"--no-cache-dir", "--no-index"})
	not _switched_off(use)
	not _emptied(use)
	message := sprintf("%s install keeps what it downloads in ~/.cache/pip", [use.program])
}

violations contains finding.with_fix(finding.at(dockerfile.at(call.run), message), fix) if {
	some call in commands.of("yarn")
	call.ships
	_installs(commands.operands(call.command))
	not _emptied(call)
	message := "yarn keeps what it downloads in its cache"
	fix := "End this RUN with `&& yarn cache clean`."
}

_installs(words) if count(words) == 0

_installs(words) if words[0] in {"install", "add"}

_installs(words) if array.slice(words, 0, 2) == ["global", "add"]

# pip takes any value that reads as true or false for yes.
_switched_off(use) if use.command.env.PIP_NO_CACHE_DIR != ""

_switched_off(use) if {
	some stage in input.evidence.dockerfile.stages
	stage.index == use.stage
	stage.config.env.PIP_NO_CACHE_DIR != ""
}

_switched_off(use) if {
	some each in array.concat(instructions.of("ARG"), instructions.of("RUN"))
	each.instruction.line <= use.run.line
	regex.match(`PIP_NO_CACHE_DIR=|no-cache-dir *(=|true)`, each.instruction.raw)
}

_emptied(call) if {
	some mount in call.run.mounts
	mount.type in {"cache", "tmpfs"}
	is_string(mount.target)
	regex.match(`cache|yarn|^/root/?$|^/tmp/?$`, mount.target)
}

_emptied(call) if {
	some position, command in call.run.commands
	position > call.position
	_empties(command)
}

# Nobody can tell what a script that is computed removes.
_emptied(call) if {
	some command in call.run.commands
	command.opaque
}

_empties(command) if {
	command.program in {"pip", "pip3", "yarn"}
	array.slice(command.args, 0, 1) == ["cache"]
}

_empties(command) if {
	command.program in {"rm", "find"}
	regex.match(`cache|/root/?$|/root/\*|yarn`, concat(" ", command.args))
}
