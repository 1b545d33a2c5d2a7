# METADATA
# title: ADD where COPY is meant
# description: >-
#   ADD also fetches addresses and unpacks archives, by what the source happens to be. COPY does one thing, and
#   says so.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: "Docker, building best practices"
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write COPY for local files; keep ADD for archives to unpack, addresses and git repositories."
#   aliases: [DL3020, DS-0005, CKV_DOCKER_4, CIS-DI-0009, kics/add_instead_of_copy]
#   controls: [CIS Docker 4.9]
#   since: "0.1"
#   only_with: [ADD]
package gate.rules["copy-not-add"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.copies
	copy.instruction.cmd == "ADD"
	count(copy.sources) > 0
	count(copy.instruction.unresolved) == 0
	every source in copy.sources {
		not _needs_add(source)
	}
	message := sprintf("ADD %s only copies", [concat(" ", copy.sources)])
}

_needs_add(source) if regex.match(`(?i)^(https?|ftp|git|ssh)://|^[a-z0-9._-]+@[^/]+:`, source)

_needs_add(source) if regex.match(`(?i)\.(tar|tgz|tbz2?|txz|tzst|tlz)|\.(gz|bz2|xz|zst|lzma|z)\*?$`, source)
