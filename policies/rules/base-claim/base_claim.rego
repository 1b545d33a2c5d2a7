# METADATA
# title: The image says it has another base than it has
# description: >-
#   Labels, annotations and provenance say what an image is built on, and many tools believe them. The layers prove it or
#   not. A claim that they contradict is a mistake of the build, or somebody hiding what is inside.
# related_resources:
# - ref: https://github.com/opencontainers/image-spec/blob/main/annotations.md
#   description: OCI, annotations
# custom:
#   severity: high
#   collection: recommended
#   kinds: [image, container]
#   needs: [image]
#   fix: Build again on the base that is named, or name the one that was used.
#   aliases: []
#   controls: [NIST SP 800-190 4.1.5]
#   since: "0.1"
package gate.rules["base-claim"]

import data.gate.lib.finding

_base := input.evidence.facts.base

violations contains finding.at(_base.origin, message) if {
	some claim in _base.claims
	claim.holds == false
	message := sprintf("the %s says the base is %s, but %s%s", [claim.source, claim.reference, claim.reason, _instead])
}

# Said, and neither proven nor contradicted.
undecided contains finding.at(_base.origin, message) if {
	some claim in _base.claims
	not is_boolean(claim.holds)
	message := sprintf("the %s says the base is %s, which is not proven: %s", [claim.source, claim.reference, claim.reason])
}

_instead := sprintf("; the layers prove %s", [_base.reference]) if {
	_base.state == "known"
	is_string(_base.reference)
} else := ""
