# METADATA
# title: Capabilities are kept that no server needs
# description: >-
#   A container starts with fourteen capabilities, among them raw sockets and changing file owners. Dropping ALL and
#   adding back the one that is needed leaves an intruder with nothing.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
#   description: Kubernetes, Pod Security Standards, restricted
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [container]
#   needs: [workload]
#   settled_on: [container]
#   fix: "Set `securityContext.capabilities: {drop: [ALL]}`."
#   aliases: [CKV_K8S_28, CKV_K8S_37, KSV-0003, KSV-0106]
#   controls: [CIS Docker 5.4, NIST SP 800-190 4.4.3]
#   since: "0.1"
#   parameters:
#     allowed:
#       type: strings
#       description: Capabilities that may be added back.
package gate.rules["drop-capabilities"]

import data.gate.lib.finding
import data.gate.lib.workload

violations contains finding.at(workload.container_origin, "not all capabilities are dropped") if {
	workload.runs
	not "ALL" in _dropped
}

violations contains finding.with_fix(finding.at(workload.container_origin, message), fix) if {
	workload.runs
	extra := sort([name | some name in _added; not name in _allowed])
	count(extra) > 0
	message := sprintf("capabilities are added that are not allowed: %s", [concat(", ", extra)])
	fix := "Remove them from `securityContext.capabilities.add`."
}

_dropped := {_name(capability) | some capability in workload.security.capabilities.drop}

_added := {_name(capability) | some capability in workload.security.capabilities.add}

_allowed := {_name(capability) | some capability in input.parameters["drop-capabilities"].allowed}

# Both CAP_NET_RAW and NET_RAW, in any case, are what runtimes accept.
_name(capability) := trim_prefix(upper(capability), "CAP_")
