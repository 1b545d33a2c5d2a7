# METADATA
# title: Layers carry files that later ones hide
# description: >-
#   What a later layer deletes or replaces is still stored, pulled and unpacked. It shows that files were made in one
#   instruction and cleaned up in another.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/#minimize-the-number-of-layers
#   description: Docker, best practices
# custom:
#   severity: low
#   collection: recommended
#   kinds: [image, container]
#   needs: [size]
#   fix: "Clean up in the instruction that makes the files, copy with the right owner and mode (`COPY --chown --chmod`), or copy from a build stage."
#   aliases: []
#   controls: []
#   since: "0.1"
#   parameters:
#     most:
#       type: size
#       description: How many bytes may be hidden in all.
package gate.rules["wasted-space"]

import data.gate.lib.finding
import data.gate.lib.text

_size := input.evidence.facts.size

violations contains finding.at(_origin, message) if {
	_size.wasted > input.parameters["wasted-space"].most
	message := sprintf("carries %s that later layers hide%s", [text.bytes(_size.wasted), _mostly])
}

undecided contains finding.at(null, "how much later layers hide is not known") if not is_number(_size.wasted)

_worst := [layer |
	some layer in _size.layers
	layer.wasted == max({each.wasted | some each in _size.layers; is_number(each.wasted)})
][0]

_origin := {"kind": "layer", "digest": digest, "created_by": _worst.created_by} if {
	digest := [each | some each in [_worst.digest, _worst.diff_id]; is_string(each)][0]
} else := null

_mostly := sprintf(", mostly in the layer made by: %s", [text.short(_worst.created_by)]) if {
	is_string(_worst.created_by)
} else := ""
