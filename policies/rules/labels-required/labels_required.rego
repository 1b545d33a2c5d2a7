# METADATA
# title: A label that every image must have is missing
# description: >-
#   Labels tell who owns an image, where its source is and under which licence. What an inventory relies on has to be on
#   every image, also on those that no Dockerfile of yours made.
# related_resources:
# - ref: https://github.com/opencontainers/image-spec/blob/main/annotations.md
#   description: OCI, annotations
# custom:
#   severity: info
#   collection: strict
#   kinds: [image, container]
#   needs: [image]
#   fix: Add it with LABEL, or with `docker build --label`.
#   aliases: []
#   controls: []
#   since: "0.1"
#   parameters:
#     labels:
#       type: strings
#       description: Keys of labels or annotations that an image must have, with a value.
package gate.rules["labels-required"]

import data.gate.lib.finding

violations contains finding.at({"kind": "config", "field": "Labels"}, message) if {
	some key in input.parameters["labels-required"].labels
	not _has(key)
	message := sprintf("the label %s is missing", [key])
}

_has(key) if object.get(input.evidence.image.config, ["config", "Labels", key], "") != ""

_has(key) if object.get(input.evidence.image.annotations, key, "") != ""
