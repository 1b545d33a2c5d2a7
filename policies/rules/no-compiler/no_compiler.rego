# METADATA
# title: The image has compilers or build tools
# description: >-
#   Compilers, linkers and headers are large, and let an intruder build in place what was not allowed in. They belong to
#   the stage that builds.
# related_resources:
# - ref: https://docs.docker.com/build/building/multi-stage/
#   description: Docker, multi-stage builds
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [image, container]
#   needs: [filesystem]
#   fix: Build in one stage, and copy only what it made into the last.
#   aliases: []
#   controls: [CIS Docker 4.3, NIST SP 800-190 4.1.1]
#   since: "0.1"
package gate.rules["no-compiler"]

import data.gate.lib.filelist

violations contains found if {
	some found in filelist.findings(input.evidence.facts.filesystem.compilers, "build tools")
}
