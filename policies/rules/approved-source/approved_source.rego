# METADATA
# title: The build takes something from a source that is not approved
# description: >-
#   Builder images, `COPY --from` and mounts of other images, and what ADD downloads, all decide what ends up in the
#   image: a builder can put anything into the program it builds. The base under the last stage is approved-base's.
# related_resources:
# - ref: https://slsa.dev/spec/v1.1/threats
#   description: SLSA, supply chain threats
# custom:
#   severity: high
#   collection: essential
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Take it from an approved source, or name the source under `approved_sources` in gate.yaml.
#   aliases: []
#   controls: [CIS Docker 4.2, NIST SP 800-190 4.1.5]
#   since: "0.1"
#   parameters:
#     sources:
#       type: patterns
#       description: Images a build may use; `approved_sources` sets it, and approved bases are added.
#     urls:
#       type: urls
#       description: Where ADD may download from, for example `https://github.com/acme/**`.
package gate.rules["approved-source"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.image
import data.gate.lib.text

_allowed := input.parameters["approved-source"]

violations contains finding.with_fix(finding.at(dockerfile.at(one), message), fix) if {
	some one in dockerfile.inputs
	one.kind in {"from", "copy", "mount"}
	not _is_base(one)
	not image.matches_any(_allowed.sources, one)
	message := sprintf("%s %s, which is not an approved source", [_verb(one), one.reference])
	fix := sprintf("Use one of: %s; or add it to `approved_sources` in gate.yaml.", [_names])
}

violations contains finding.with_fix(finding.at(dockerfile.at(one), message), fix) if {
	some one in dockerfile.inputs
	one.kind == "add"
	not _url_approved(one.reference)
	message := sprintf("ADD downloads %s, which is not an approved source", [one.reference])
	fix := "Put the file into the build context, or add the address to `approved-source.urls` in gate.yaml."
}

# The FROM that the target stands on.
_is_base(one) if {
	one.kind == "from"
	one.line == input.evidence.facts.base.origin.line
}

_url_approved(address) if {
	some pattern in _allowed.urls
	regex.match(pattern.regex, address)
}

_verb(one) := sprintf("stage %s is built on", [dockerfile.called(stage)]) if {
	one.kind == "from"
	some stage in input.evidence.dockerfile.stages
	stage.index == one.stage
} else := {"from": "the build uses", "copy": "COPY takes files from", "mount": "RUN --mount reads"}[one.kind]

_names := text.some_of([pattern.image | some pattern in _allowed.sources])
