# METADATA
# title: A file from the network is added without its checksum
# description: >-
#   The server, or whoever stands between, decides what ADD gets, today and at every rebuild. With --checksum,
#   or the commit of a git repository, a build gets what was reviewed or stops.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/#add---checksum
#   description: "Docker, ADD --checksum"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write `ADD --checksum=sha256:... URL`, or name a commit: `repository.git#<commit>`."
#   aliases: [dockerfilelint/add_src_invalid, tally/prefer-add-checksum]
#   controls: []
#   since: "0.1"
#   only_with: [ADD]
package gate.rules["add-remote-checksum"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.copies
	copy.instruction.cmd == "ADD"
	some source in copy.sources
	regex.match(`(?i)^(https?|ftp|git|ssh)://|^[a-z0-9._-]+@[^/]+:`, source)
	not files.flag(copy.instruction, "--checksum")
	not _pinned(source)
	message := sprintf("%s is added without a checksum", [source])
}

_pinned(source) if regex.match(`\.git#[0-9a-f]{40}([0-9a-f]{24})?(:|$)|[?&]checksum=[0-9a-f]{40}`, source)
