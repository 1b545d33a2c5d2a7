# METADATA
# title: The whole source tree is copied out of the builder
# description: >-
#   The folder of the builder holds sources, tests, caches and development dependencies beside the result.
#   Copying it whole brings all of that into the image, and the builder was for nothing.
# related_resources:
# - ref: https://docs.docker.com/build/building/multi-stage/
#   description: "Docker, multi-stage builds"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [--from]
#   fix: "Copy only the result: `COPY --from=build /app/dist ./dist`."
#   aliases: []
#   controls: []
#   since: "0.1"
package gate.rules["whole-tree-copied"]

import data.gate.lib.builds
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.between
	copy.ships
	some source in copy.sources
	folder := files.absolute(trim_suffix(source, "*"), "/")
	folder != "/"
	some compiled in builds.compilations
	compiled.call.stage in files.chain[copy.from]
	some sources in _sources
	sources.stage in files.chain[copy.from]
	_holds(folder, sources)
	message := sprintf("%s of the builder holds its sources, and is copied whole", [source])
}

_sources := [copy |
	some copy in files.copies
	copy.context
	some source in copy.sources
	trim_suffix(source, "/") in {".", "*", "./*", "src", "./src"}
	is_string(copy.target)
]

_holds(folder, sources) if files.within(sources.target, folder)
