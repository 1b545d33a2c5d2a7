# METADATA
# title: An image the build uses is not pinned
# description: >-
#   Without a tag, or with `latest`, the same Dockerfile builds something else next week, and nobody can say what an
#   image was made of. A digest names the content itself.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/#pin-base-image-versions
#   description: Docker, pin base image versions
# custom:
#   severity: medium
#   collection: essential
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Name a version, for example `FROM docker.io/library/alpine:3.20`.
#   aliases: [DL3006, DL3007, DS-0001, CKV_DOCKER_7, DKL-DI-0006, kics/image_version_not_explicit, kics/image_version_using_latest, dockerfilelint/missing_tag, dockerfilelint/latest_tag]
#   controls: [CIS Docker 4.2, NIST SP 800-190 4.1.5]
#   since: "0.1"
#   parameters:
#     digest:
#       type: boolean
#       description: Ask for a digest, not just a tag.
package gate.rules["base-pinned"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.image

violations contains finding.with_fix(finding.at(dockerfile.at(one), message), fix) if {
	some one in dockerfile.inputs
	one.kind in {"from", "copy", "mount"}
	one.reference != "scratch"
	one.registry != "" # a named context from elsewhere: approved-source has it
	not image.has_digest(one)
	message := _complaint(one)
	fix := _fix(one)
}

_complaint(one) := sprintf("%s has no tag, which means latest: what it is changes without notice", [_named(one)]) if {
	not is_string(one.tag)
} else := sprintf("%s:latest is whatever was pushed last", [_named(one)]) if {
	one.tag == "latest"
} else := sprintf("%s:%s has no digest", [_named(one), one.tag]) if {
	input.parameters["base-pinned"].digest
}

_fix(one) := sprintf("Write %s:%s@sha256:... (`gate lock` finds the digest).", [_named(one), image.tag(one)]) if {
	input.parameters["base-pinned"].digest
} else := sprintf("Write %s:VERSION, better with its digest.", [_named(one)])

_named(one) := image.name(one)
