# METADATA
# title: Scratch files are written to disk
# description: >-
#   A container with a read-only root needs a place for temporary files. An emptyDir on disk keeps them on the node
#   until the pod is gone and takes them from its disk; a tmpfs (medium Memory) leaves nothing behind.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
#   description: Kubernetes, emptyDir
# custom:
#   severity: low
#   collection: strict
#   kinds: [container]
#   needs: [workload]
#   settled_on: [container]
#   fix: "Use `emptyDir: {medium: Memory, sizeLimit: 64Mi}` for the volume."
#   aliases: []
#   controls: [CIS Docker 5.13]
#   since: "0.1"
#   parameters:
#     paths:
#       type: strings
#       description: Mount paths that hold scratch files; a volume elsewhere may be a cache that is meant to be large.
package gate.rules["tmpfs-for-writes"]

import data.gate.lib.finding
import data.gate.lib.workload

violations contains finding.at(workload.container_origin, message) if {
	workload.runs
	some mount in workload.mounts
	mount.source == "emptyDir"
	not mount.medium == "Memory"
	not mount.read_only
	some path in input.parameters["tmpfs-for-writes"].paths
	_within(mount.path, path)
	message := sprintf("%s is an emptyDir on the node's disk", [mount.path])
}

_within(path, folder) if path == folder

_within(path, folder) if startswith(path, sprintf("%s/", [folder]))
