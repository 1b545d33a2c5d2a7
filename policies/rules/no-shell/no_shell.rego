# METADATA
# title: The image has a shell
# description: >-
#   A shell is the first thing an intruder looks for: with one, a small hole (a command injection, a file upload)
#   becomes a session with tools. A program that is started directly needs none.
# related_resources:
# - ref: https://github.com/GoogleContainerTools/distroless
#   description: Distroless images
# - ref: https://docs.docker.com/build/building/multi-stage/
#   description: Docker, multi-stage builds
# custom:
#   severity: high
#   collection: essential
#   kinds: [dockerfile, image, container]
#   needs: [shell]
#   fix: Build in one stage and copy the program into scratch or a distroless image in the last.
#   aliases: []
#   controls: [CIS Docker 4.3, NIST SP 800-190 4.1.1]
#   since: "0.1"
package gate.rules["no-shell"]

import data.gate.lib.finding
import data.gate.lib.text

_shell := input.evidence.facts.shell

# Shells that are listed are certain, also while the rest of the image is unknown. One finding for each thing that
# brought some.
violations contains found if {
	_present
	some origin in {shell.origin | some shell in _shell.shells}
	paths := sort({shell.path | some shell in _shell.shells; shell.origin == origin})
	message := sprintf("has a shell: %s%s", [text.some_of(paths), _brought_by(origin)])
	found := _sure(finding.with_fix(finding.at(origin, message), _fix(origin)))
}

violations contains finding.at(null, "has a shell") if {
	_shell.present == true
	count(_shell.shells) == 0
}

# Where the last instructions need a shell, the image has one or does not start.
violations contains found if {
	some origin in _shell.needed_by
	message := sprintf("%s needs a shell to start", [_starts(origin)])
	fix := "Write it as a JSON list that starts the program itself, for example `ENTRYPOINT [\"/app\"]`, and build on a base without a shell."
	found := finding.with_fix(finding.at_certain(origin, message), fix)
}

_present if _shell.present == true

_present if {
	not is_boolean(_shell.present)
	count(_shell.shells) > 0
}

_sure(found) := object.union(found, {"certain": true}) if _shell.state == "unknown"

else := found

_brought_by(origin) := sprintf(" (from %s)", [origin.reference]) if origin.kind == "base"

else := sprintf(" (in the layer made by: %s)", [text.short(origin.created_by)]) if is_string(origin.created_by)

else := ""

_fix(origin) := "Copy only the program and its files into the last stage, no shell and no busybox." if {
	origin.kind == "line"
} else := "Use the variant without a shell: the tag without `debug`." if {
	startswith(_base, "gcr.io/distroless/")
} else := sprintf("Use %s only to build; end with a stage on scratch or gcr.io/distroless, and copy the program.", [_base])

_base := input.evidence.facts.base.reference if {
	is_string(input.evidence.facts.base.reference)
} else := "this base"

_starts(origin) := cmds[0] if {
	origin.kind == "line"
	cmds := [instruction.cmd |
		some stage in input.evidence.dockerfile.stages
		some instruction in stage.instructions
		instruction.line == origin.line
	]
	count(cmds) > 0
} else := origin.field if {
	origin.kind == "config"
} else := "the command"
