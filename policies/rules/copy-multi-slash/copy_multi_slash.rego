# METADATA
# title: Several files are copied to one that is no folder
# description: >-
#   With more than one source the target must be a folder, and end with `/` to say so. Otherwise the build
#   stops, or the target is made into something that nobody meant. A comment at the end of the line is such a
#   source, too.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: "Docker, Dockerfile reference"
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [COPY, ADD]
#   fix: "End the target with `/`."
#   aliases: [DL3021, DS-0011, kics/copy_with_more_than_two_arguments_not_ending_with_slash, dockerfilelint/add_dest_invalid]
#   controls: []
#   since: "0.1"
package gate.rules["copy-multi-slash"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.copies
	count(copy.sources) > 1
	last := copy.instruction.args[count(copy.instruction.args) - 1]
	not endswith(last, "/")
	not last in {".", ".."}
	not "#" in copy.sources
	count(copy.instruction.unresolved) == 0
	message := sprintf("%d sources go to %s, which does not end with /", [count(copy.sources), last])
}

# Not a comment for BuildKit.
violations contains finding.with_fix(finding.at(dockerfile.at(copy.instruction), message), "Put the comment on a line of its own.") if {
	some copy in files.copies
	"#" in copy.sources
	message := "# starts no comment here: it and the words after it are sources, and the last word is the target"
}
