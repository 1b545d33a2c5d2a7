# METADATA
# title: The base image is not approved
# description: >-
#   Everything in the base image ships with yours and is patched only when its owner patches it. A short list of
#   approved bases keeps that to images somebody has looked at. An image counts as built on a base when its layers
#   prove it; labels prove nothing.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/#choose-the-right-base-image
#   description: Docker, choose the right base image
# custom:
#   severity: high
#   collection: essential
#   kinds: [dockerfile, image, container]
#   needs: [base]
#   fix: Build on an image from `approved_bases`, or have this one approved in gate.yaml.
#   aliases: [DL3026, CIS-DI-0002]
#   controls: [CIS Docker 4.2, NIST SP 800-190 4.1.5]
#   since: "0.1"
#   parameters:
#     bases:
#       type: patterns
#       description: Images to build on; `approved_bases` sets it.
#     images:
#       type: patterns
#       description: Vendors' images that run unchanged; `approved_images` sets it.
package gate.rules["approved-base"]

import data.gate.lib.date
import data.gate.lib.finding
import data.gate.lib.image
import data.gate.lib.text

_base := input.evidence.facts.base

_allowed := input.parameters["approved-base"]

violations contains finding.with_fix(finding.at(_base.origin, message), fix) if {
	not _approved
	message := _message
	fix := _fix
}

_approved if {
	some pattern in _matching
	not _expired(pattern)
}

_matching contains pattern if {
	some pattern in _allowed.bases
	some ref in _references
	image.matches(pattern, ref)
}

# Where the age of the base is not known, base-age says so.
_expired(pattern) if {
	is_number(pattern.max_age)
	_age > pattern.max_age
}

_age := date.days(input.today) - date.days(_base.created)

_approved if {
	some pattern in _allowed.images
	some ancestor in _base.ancestors
	ancestor.via == "self"
	image.matches(pattern, image.parse(ancestor.reference))
}

# By the names alone: a digest that a lock or a registry gives for a tag does not make the tag a decoration.
_references contains image.parse(_base.reference) if is_string(_base.reference)

_references contains image.parse(ancestor.reference) if {
	some ancestor in _base.ancestors
	_is_nearest(ancestor)
}

# What a base is built on itself does not approve it, in an image as little as in a Dockerfile.
_is_nearest(ancestor) if object.get(ancestor, "layers", null) == null

_is_nearest(ancestor) if {
	ancestor.layers == max({other.layers | some other in _base.ancestors; is_number(other.layers)})
}

_message := sprintf("base image %s is not approved: %s", [_base.reference, _why]) if {
	is_string(_base.reference)
} else := "is built on no approved base image"

_why := sprintf("it was made %s, %d days ago, and may be %d days old", [_base.created, _age, limit]) if {
	limit := max({pattern.max_age | some pattern in _matching; is_number(pattern.max_age)})
} else := sprintf("of %s only %s", [image.name(_base), concat("; ", tags)]) if {
	# The repository is right and the tag is not.
	tags := sort({image.tags(pattern) |
		some pattern in _allowed.bases
		regex.match(pattern.regex, image.name(_base))
	})
	count(tags) > 0
} else := sprintf("%s is not on the list", [image.name(_base)])

_fix := sprintf("Build on one of: %s.", [text.some_of(names)]) if {
	names := [pattern.image | some pattern in _allowed.bases]
	count(names) > 0
} else := "Name the images to build on under `approved_bases` in gate.yaml."
