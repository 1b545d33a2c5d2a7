# METADATA
# title: The build left something behind
# description: >-
#   Caches and repositories make an image larger; keys, credentials and environment files give it away. What a later
#   layer deletes is still in the layer below, for everyone who pulls the image.
# related_resources:
# - ref: https://docs.docker.com/build/building/secrets/
#   description: Docker, build secrets
# - ref: https://docs.docker.com/build/cache/optimize/
#   description: Docker, cache mounts
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [image, container]
#   needs: [filesystem]
#   fix: "Use `RUN --mount=type=cache` for caches and `--mount=type=secret` for secrets, and copy only what runs."
#   aliases: [DKL-LI-0003]
#   controls: [CIS Docker 4.10, NIST SP 800-190 4.1.4]
#   since: "0.1"
#   parameters:
#     allowed:
#       type: strings
#       description: Paths that may stay, with everything below them.
package gate.rules["no-leftovers"]

import data.gate.lib.filelist
import data.gate.lib.finding

_left := [file | some file in input.evidence.facts.filesystem.leftovers; not _allowed(file.path)]

_allowed(path) if {
	some allowed in input.parameters["no-leftovers"].allowed
	startswith(concat("", [path, "/"]), concat("", [trim_right(allowed, "/"), "/"]))
}

violations contains found if {
	some found in filelist.findings([file | some file in _left; not file.deleted], "leftovers of its build")
}

violations contains finding.with_fix(found, fix) if {
	some found in filelist.findings([file | some file in _left; file.deleted], "in a lower layer what a later one deletes")
	fix := "Delete it in the instruction that makes it, or never write it: use `RUN --mount=type=cache` or `type=secret`."
}
