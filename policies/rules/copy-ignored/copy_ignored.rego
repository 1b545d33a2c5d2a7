# METADATA
# title: A source is kept out by .dockerignore
# description: >-
#   What .dockerignore names is not in the build context: the COPY fails, or copies less than it says.
# related_resources:
# - ref: https://docs.docker.com/reference/build-checks/copy-ignored-file/
#   description: "Docker, build checks"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [COPY, ADD]
#   fix: "Remove the COPY, or let the file in with `!` in .dockerignore."
#   aliases: [CopyIgnoredFile]
#   controls: []
#   since: "0.1"
package gate.rules["copy-ignored"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	ignore := input.evidence.dockerfile.ignore
	not _exceptions(ignore)
	some copy in files.copies
	copy.context
	some source in copy.sources
	path := trim(source, "./")
	path != ""
	some pattern in ignore.patterns
	_matches(pattern, path)
	message := sprintf("%s is kept out by %s of .dockerignore", [source, pattern])
}

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	ignore := input.evidence.dockerfile.ignore
	not _exceptions(ignore)
	some copy in files.copies
	copy.context
	some source in copy.sources
	source in {".", "./"}
	some pattern in ignore.patterns
	pattern in {"*", "**", "**/*"}
	message := sprintf("everything is kept out by %s of .dockerignore", [pattern])
}

_exceptions(ignore) if {
	some pattern in ignore.patterns
	startswith(pattern, "!")
}

# Plain names and folders, and a star for a whole name part; other patterns are not judged.
_matches(pattern, path) if {
	not regex.match(`[*?\[\\]`, pattern)
	files.within(path, trim(pattern, "./"))
}

_matches(pattern, path) if {
	regex.match(`^(\*\*/)?\*\.[A-Za-z0-9]+$`, pattern)
	endswith(path, trim_left(pattern, "*/"))
	_deep_enough(pattern, path)
}

_deep_enough(pattern, _) if startswith(pattern, "**/")

_deep_enough(_, path) if not contains(path, "/")
