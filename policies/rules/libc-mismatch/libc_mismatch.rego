# METADATA
# title: "Built for one C library, shipped on another"
# description: >-
#   glibc (Debian, Ubuntu, Red Hat) and musl (Alpine) are not interchangeable: a program linked against one does
#   not start on the other ("not found", though the file is there), and native modules of Node.js or Python fail
#   when they are loaded.
# related_resources:
# - ref: https://wiki.musl-libc.org/functional-differences-from-glibc.html
#   description: "musl, differences from glibc"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Build on the same family as the final image, or link statically (`CGO_ENABLED=0`, a musl target)."
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [--from]
package gate.rules["libc-mismatch"]

import data.gate.lib.builds
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(found.program.call.run), message) if {
	some found in builds.shipped
	found.program.dynamic
	some stage in input.evidence.dockerfile.stages
	stage.index == found.stage
	_differ(found.program.stage, stage)
	message := sprintf("a %s program built for %s ships on %s", [found.program.language, found.program.stage.libc, stage.libc])
}

# Packages with compiled parts belong to the libc that they were installed on.
violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.between
	copy.ships
	some source in copy.sources
	files.name(source) in {"node_modules", "site-packages", "venv", ".venv", ".local"}
	some built in input.evidence.dockerfile.stages
	built.index == copy.from
	some stage in input.evidence.dockerfile.stages
	stage.index == copy.stage
	_differ(built, stage)
	message := sprintf("%s comes from a stage on %s and ships on %s", [source, built.libc, stage.libc])
}

_differ(built, stage) if {
	built.libc in {"glibc", "musl"}
	stage.libc in {"glibc", "musl"}
	built.libc != stage.libc
}
