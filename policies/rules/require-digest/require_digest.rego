# METADATA
# title: The image is not named by digest
# description: >-
#   A tag can name another image tomorrow, and a node may still run yesterday's. With a digest, what was judged is what
#   runs, on every node and after every restart.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/containers/images/#image-pull-policy
#   description: Kubernetes, images
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [container]
#   needs: [workload]
#   settled_on: [container]
#   fix: Name the image as `repository@sha256:...`; CI knows the digest it pushed.
#   aliases: [CKV_K8S_43, CIS-DI-0005]
#   controls: [NIST SP 800-190 4.2.2]
#   since: "0.1"
package gate.rules["require-digest"]

import data.gate.lib.finding
import data.gate.lib.workload

violations contains finding.at(workload.image_origin, message) if {
	is_string(workload.image)
	not workload.pinned
	message := sprintf("the image %s is named by tag, which can change%s", [workload.image, _resolved])
}

violations contains finding.with_fix(finding.at(workload.image_origin, message), fix) if {
	is_string(workload.image)
	not workload.pinned
	workload.pull_policy == "IfNotPresent"
	message := "with imagePullPolicy IfNotPresent a node may run an older image of the same tag"
	fix := "Name the image by digest, or set `imagePullPolicy: Always`."
}

_resolved := sprintf(" (now %s)", [digest]) if {
	digest := input.evidence.subject.digest
	is_string(digest)
} else := ""
