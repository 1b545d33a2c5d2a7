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
import data.gate.lib.sizes
import data.gate.lib.text

_size := input.evidence.facts.size

_settings := input.parameters["max-size"]

violations contains _levelled(excess, finding.with_fix(finding.at(null, message), _fix)) if {
	_size.state != "unknown"
	some measure in {"uncompressed", "compressed"}
	excess := sizes.excess(_settings, measure, _size[measure])
	message := sprintf("is %s %s, %s", [text.bytes(_size[measure]), measure, _told(excess)])
}

violations contains finding.with_fix(finding.at(null, message), _fix) if {
	_size.state != "unknown"
	is_number(_size.uncompressed)
	is_number(_size.previous)
	growth := _size.uncompressed - _size.previous
	over := sizes.over(growth, sizes.growth(_settings.growth, _size.previous))
	told := [text.bytes(growth), text.bytes(_size.previous), text.bytes(over)]
	message := sprintf("grew by %s from %s, %s more than allowed", told)
}

# Before the build: what the base weighs already.
violations contains _levelled(excess, finding.with_fix(finding.at_certain(_origin, message), _fix_base)) if {
	_size.state == "unknown"
	excess := sizes.excess(_settings, "uncompressed", _size.at_least)
	weighs := text.bytes(_size.at_least)
	message := sprintf("is at least %s uncompressed before anything is added, %s", [weighs, _told(excess)])
}

undecided contains finding.at(null, message) if {
	_size.state != "unknown"
	some measure in {"uncompressed", "compressed"}
	is_number(sizes.limit(_settings, measure))
	not is_number(_size[measure])
	message := sprintf("the %s size is not known", [measure])
}

_levelled(excess, found) := finding.warning(found) if excess.soft

else := found

_told(excess) := sprintf("%s over the %s of %s", [text.bytes(excess.by), called, text.bytes(excess.limit)]) if {
	called := {false: "limit", true: "soft limit"}[excess.soft]
}

_origin := input.evidence.facts.base.origin

_fix := sprintf("The largest layer is %s.", [sizes.largest_layer]) if sizes.largest_layer

else := "Build in one stage, and copy only what runs into a small base in the last."

_fix_base := sprintf("Use %s only to build, and copy what runs into a small base in the last stage.", [name]) if {
	name := input.evidence.facts.base.reference
	is_string(name)
} else := "Build in one stage, and copy only what runs into a small base in the last."
