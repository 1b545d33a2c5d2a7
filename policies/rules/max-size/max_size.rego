# METADATA
# title: The image is too large
# description: >-
#   Every megabyte is pulled by every node, and most of what makes an image large is also what makes it dangerous:
#   compilers, package managers, sources. Before the build only what is certain counts: a base that is over the limit.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/#use-multi-stage-builds
#   description: Docker, use multi-stage builds
# custom:
#   severity: medium
#   collection: essential
#   kinds: [dockerfile, image, container]
#   needs: [size]
#   settled_on: [image, container]
#   fix: Build in one stage, and copy only what runs into a small base in the last.
#   aliases: []
#   controls: [CIS Docker 4.3, NIST SP 800-190 4.1.1]
#   since: "0.1"
#   parameters:
#     uncompressed:
#       type: size
#       nullable: true
#       description: The most the files of all layers may weigh, as on a node's disk.
#     compressed:
#       type: size
#       nullable: true
#       description: The most the layers may weigh in the registry.
#     soft_uncompressed:
#       type: size
#       nullable: true
#       description: Above this a warning, whatever the rule's level.
#     soft_compressed:
#       type: size
#       nullable: true
#       description: Above this a warning, whatever the rule's level.
#     growth:
#       type: size-or-percent
#       nullable: true
#       description: The most an image may grow over the previous one, uncompressed, as `20MB` or `10%`.
#     budgets:
#       type: list
#       description: Limits of some images, instead of those above; the first that matches counts.
#       items:
#         images:
#           type: patterns
#           description: Which images, by the name they are built as.
#         uncompressed:
#           type: size
#           nullable: true
#           description: Instead of `uncompressed`.
#         compressed:
#           type: size
#           nullable: true
#           description: Instead of `compressed`.
#         soft_uncompressed:
#           type: size
#           nullable: true
#           description: Instead of `soft_uncompressed`.
#         soft_compressed:
#           type: size
#           nullable: true
#           description: Instead of `soft_compressed`.
package gate.rules["max-size"]

import data.gate.lib.finding
import data.gate.lib.image
import data.gate.lib.text

_size := input.evidence.facts.size

_settings := input.parameters["max-size"]

violations contains finding.with_fix(finding.at(null, message), _fix) if {
	_size.state != "unknown"
	some measure in {"uncompressed", "compressed"}
	over := _over(_size[measure], _limit(measure))
	message := _message(_size[measure], measure, over, _limit(measure), "the limit")
}

violations contains finding.warning(finding.with_fix(finding.at(null, message), _fix)) if {
	_size.state != "unknown"
	some measure in {"uncompressed", "compressed"}
	not _over(_size[measure], _limit(measure))
	soft := _limit(sprintf("soft_%s", [measure]))
	over := _over(_size[measure], soft)
	message := _message(_size[measure], measure, over, soft, "the soft limit")
}

violations contains finding.with_fix(finding.at(null, message), _fix) if {
	_size.state != "unknown"
	is_number(_size.uncompressed)
	is_number(_size.previous)
	growth := _size.uncompressed - _size.previous
	over := _over(growth, _growth)
	told := [text.bytes(growth), text.bytes(_size.previous), text.bytes(over)]
	message := sprintf("grew by %s from %s, %s more than allowed", told)
}

# Before the build: what the base weighs already.
violations contains finding.with_fix(finding.at_certain(_origin, message), _fix_base) if {
	_size.state == "unknown"
	over := _over(_size.at_least, _limit("uncompressed"))
	message := _message_base(over, _limit("uncompressed"), "the limit")
}

violations contains finding.warning(finding.with_fix(finding.at_certain(_origin, message), _fix_base)) if {
	_size.state == "unknown"
	not _over(_size.at_least, _limit("uncompressed"))
	over := _over(_size.at_least, _limit("soft_uncompressed"))
	message := _message_base(over, _limit("soft_uncompressed"), "the soft limit")
}

undecided contains finding.at(null, message) if {
	_size.state != "unknown"
	some measure in {"uncompressed", "compressed"}
	is_number(_limit(measure))
	not is_number(_size[measure])
	message := sprintf("the %s size is not known", [measure])
}

_over(bytes, limit) := bytes - limit if {
	is_number(bytes)
	is_number(limit)
	bytes > limit
}

_limit(measure) := _budget[measure] if {
	is_number(_budget[measure])
} else := _settings[measure]

_budget := [budget |
	some budget in _settings.budgets
	image.matches_any(budget.images, _image)
][0]

_image := image.parse(input.evidence.subject.image) if {
	is_string(input.evidence.subject.image)
} else := image.parse(input.evidence.subject.reference) if {
	is_string(input.evidence.subject.reference)
}

_growth := _settings.growth.bytes if {
	is_number(_settings.growth.bytes)
} else := floor((_size.previous * _settings.growth.percent) / 100) if {
	is_number(_size.previous)
	is_number(_settings.growth.percent)
}

_origin := input.evidence.facts.base.origin

_message(bytes, measure, over, limit, called) := sprintf(
	"is %s %s, %s over %s of %s",
	[text.bytes(bytes), measure, text.bytes(over), called, text.bytes(limit)],
)

_message_base(over, limit, called) := sprintf(
	"is at least %s uncompressed before anything is added, %s over %s of %s",
	[text.bytes(_size.at_least), text.bytes(over), called, text.bytes(limit)],
)

_fix := sprintf("The largest layer is %s%s.", [text.bytes(largest), _made_by]) if {
	largest := _largest
} else := "Build in one stage, and copy only what runs into a small base in the last."

_fix_base := sprintf("Use %s only to build, and copy what runs into a small base in the last stage.", [name]) if {
	name := input.evidence.facts.base.reference
	is_string(name)
} else := "Build in one stage, and copy only what runs into a small base in the last."

_largest := max({layer.uncompressed | some layer in _size.layers; is_number(layer.uncompressed)})

_made_by := sprintf(", made by: %s", [text.short(sort(authors)[0])]) if {
	authors := {layer.created_by |
		some layer in _size.layers
		layer.uncompressed == _largest
		is_string(layer.created_by)
	}
	count(authors) > 0
} else := ""
