# METADATA
# title: The kubelet will refuse to start the container
# description: >-
#   runAsNonRoot is checked when the container starts, on the node: a named user, or uid 0, leaves the pod in
#   CreateContainerConfigError. gate says so before the pod is stored.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
#   description: Kubernetes, security context
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [container]
#   needs: [workload]
#   settled_on: [container]
#   fix: Set a numeric `runAsUser`, or build the image with a numeric USER.
#   aliases: []
#   controls: []
#   since: "0.1"
package gate.rules["kubelet-refuses"]

import data.gate.lib.finding
import data.gate.lib.workload

violations contains finding.at(refusal.origin, refusal.message) if {
	some refusal in workload.refusals
}
