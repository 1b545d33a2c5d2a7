# METADATA
# title: The root filesystem is writable
# description: >-
#   With a read-only root filesystem an intruder cannot drop a program or change one. What the container really writes
#   goes to a volume: a tmpfs for scratch files, a claim for data.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
#   description: Kubernetes, security context
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [container]
#   needs: [workload]
#   settled_on: [container]
#   fix: "Set `securityContext.readOnlyRootFilesystem: true`, and mount an emptyDir where the program writes."
#   aliases: [CKV_K8S_22, KSV-0014]
#   controls: [CIS Docker 5.13, NIST SP 800-190 4.4.4]
#   since: "0.1"
package gate.rules["read-only-root-filesystem"]

import data.gate.lib.finding
import data.gate.lib.workload

violations contains finding.at(workload.container_origin, message) if {
	workload.runs
	not object.get(workload.security, "readOnlyRootFilesystem", false) == true
	message := "the container can write to its root filesystem: readOnlyRootFilesystem is not true"
}
