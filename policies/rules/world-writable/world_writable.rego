# METADATA
# title: Files that everyone may write
# description: >-
#   A file with mode 777 or 666 can be replaced by any process of the container, whatever its user: also by one
#   that was broken into, so that the next start runs its code.
# related_resources:
# - ref: https://man7.org/linux/man-pages/man1/chmod.1.html
#   description: chmod
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Give the files to the user that needs them: `COPY --chown=...`, or `chown` and mode 755 or 644; for arbitrary users group 0 and `g=u`."
#   aliases: [tally/world-writable-state-path-workaround]
#   controls: []
#   since: "0.1"
#   only_with: [chmod, --chmod]
package gate.rules["world-writable"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), message) if {
	some call in commands.of("chmod")
	call.ships
	mode := [arg | some arg in call.command.args; not regex.match(`^-(-|[Rvcf]+$)`, arg)][0]
	_open(mode)
	message := sprintf("chmod %s lets everyone write", [mode])
}

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.copies
	copy.ships
	mode := files.flag(copy.instruction, "--chmod")
	_open(mode)
	message := sprintf("--chmod=%s lets everyone write", [mode])
}

_open(mode) if regex.match(`^0*[246]?[0-7][0-7][2367]$`, mode)

_open(mode) if {
	regex.match(`(^|,)([ug]*[oa][ugoa]*)[+=][rxX]*w`, mode)
	not contains(mode, "t")
}
