# METADATA
# title: A label is missing or not in its format
# description: >-
#   Labels are what inventories, scanners and dashboards read. They help only where everyone has them, spells
#   them alike, and writes dates, addresses and licences as machines expect.
# related_resources:
# - ref: https://github.com/opencontainers/image-spec/blob/main/annotations.md
#   description: OCI, annotations
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Add the label, or write its key or its value in the format that is asked for.
#   aliases: [DL3048, DL3049, DL3050, DL3051, DL3052, DL3053, DL3054, DL3055, DL3056, DL3058, dockerfilelint/label_invalid]
#   controls: []
#   since: "0.1"
#   parameters:
#     required:
#       type: strings
#       description: Labels that every image has.
#     formats:
#       type: list
#       description: Labels whose value has a format.
#       items:
#         label:
#           type: string
#           description: The label.
#         format:
#           type: choice
#           values: [url, time, spdx, hash, semver, email]
#           description: What its value is.
#     others:
#       type: boolean
#       description: Whether there may be labels that neither list names.
package gate.rules.labels

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions
import data.gate.lib.spdx
import data.gate.lib.text

violations contains finding.at(dockerfile.lines(stage.line, stage.line), sprintf("the label %s is missing", [key])) if {
	some stage in input.evidence.dockerfile.stages
	stage.target
	some key in input.parameters.labels.required
	count([key | some label in _labels; label.key == key]) == 0
}

violations contains finding.at(dockerfile.at(label.instruction), message) if {
	some label in _labels
	fault := _fault(label)
	message := sprintf("the label %s %s", [text.short(label.key), fault])
}

_labels := [{"key": key, "value": value, "instruction": each.instruction} |
	some each in instructions.shipped("LABEL")
	some [key, value] in each.instruction.pairs
	is_string(value)
]

_fault(label) := "is not written in lower case, with single dots and dashes" if {
	not regex.match(`^[a-z]([.-]?[a-z0-9])*$`, label.key)
} else := "is in a namespace that belongs to Docker" if {
	regex.match(`^(com[.]docker|io[.]docker|org[.]dockerproject)[.]`, label.key)
} else := "is not among those that are agreed" if {
	input.parameters.labels.others == false
	not label.key in input.parameters.labels.required
	count(_wanted(label.key)) == 0
} else := "is empty" if {
	label.value == ""
	count(label.instruction.unresolved) == 0
	_asked_for(label.key)
} else := sprintf("is not %s", [_formats[format].name]) if {
	count(label.instruction.unresolved) == 0
	some format in _wanted(label.key)
	not _fits(format, label.value)
}

_fits(format, value) if {
	_formats[format].pattern != ""
	regex.match(_formats[format].pattern, value)
}

_fits(format, value) if {
	format == "spdx"
	spdx.valid(value)
}

# An empty value takes back a label of the base image.
_asked_for(key) if key in input.parameters.labels.required

_asked_for(key) if count(_wanted(key)) > 0

_wanted(key) := [each.format | some each in input.parameters.labels.formats; each.label == key]

_formats := {
	"url": {"name": "a URL", "pattern": `^[a-z][a-z0-9+.-]*://[^ ]+$`},
	"time": {
		"name": "a time as RFC 3339 has it",
		"pattern": `^[0-9]{4}-[01][0-9]-[0-3][0-9][Tt][0-2][0-9]:[0-5][0-9]:[0-6][0-9]([.][0-9]+)?([Zz]|[+-][0-2][0-9]:[0-5][0-9])$`,
	},
	"spdx": {"name": "an SPDX licence expression", "pattern": ""},
	"hash": {"name": "a hash", "pattern": `^([0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{7,12})$`},
	"semver": {
		"name": "a semantic version",
		"pattern": `^[0-9]+[.][0-9]+[.][0-9]+(-[0-9A-Za-z.-]+)?([+][0-9A-Za-z.-]+)?$`,
	},
	"email": {"name": "an e-mail address", "pattern": `^[^@ ]+@[^@ ]+[.][^@ ]+$`},
}
