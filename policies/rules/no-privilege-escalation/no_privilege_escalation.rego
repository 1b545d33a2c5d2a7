# METADATA
# title: A process can gain privileges
# description: >-
#   Unless allowPrivilegeEscalation is false, a set-user-ID program in the image makes a process root again whatever
#   user it started as; a privileged container is root on the node from the start.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
#   description: Kubernetes, Pod Security Standards, restricted
# custom:
#   severity: high
#   collection: recommended
#   kinds: [container]
#   needs: [workload]
#   settled_on: [container]
#   fix: "Set `securityContext.allowPrivilegeEscalation: false`."
#   aliases: [CKV_K8S_16, CKV_K8S_20, KSV-0001, KSV-0017]
#   controls: [CIS Docker 5.26, NIST SP 800-190 4.4.3]
#   since: "0.1"
package gate.rules["no-privilege-escalation"]

import data.gate.lib.finding
import data.gate.lib.workload

violations contains finding.at(workload.container_origin, message) if {
	workload.runs
	not _privileged
	not object.get(workload.security, "allowPrivilegeEscalation", true) == false
	message := "a process can gain privileges: allowPrivilegeEscalation is not false"
}

violations contains finding.with_fix(finding.at(workload.container_origin, message), fix) if {
	workload.runs
	_privileged
	message := "the container is privileged: root in it is root on the node"
	fix := "Remove `privileged: true`; add the single capability that is needed."
}

_privileged if workload.security.privileged == true
