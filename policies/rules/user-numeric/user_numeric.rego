# METADATA
# title: The user is a name, not a number
# description: >-
#   Kubernetes refuses to start a container with `runAsNonRoot: true` whose user is a name, because only the image's
#   /etc/passwd knows whether that name is root. A name that is not in that file does not start anywhere.
# related_resources:
# - ref: https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
#   description: Kubernetes, security context
# custom:
#   severity: low
#   collection: essential
#   kinds: [dockerfile, image, container]
#   needs: [user]
#   settled_on: [image, container]
#   fix: Write the uid and gid, for example `USER 10001:10001`.
#   aliases: [DL3066]
#   controls: [CIS Docker 4.1]
#   since: "0.1"
package gate.rules["user-numeric"]

import data.gate.lib.finding

_user := input.evidence.facts.user

violations contains finding.with_fix(finding.at(_user.origin, message), fix) if {
	_user.root == false
	_user.numeric == false
	message := _message
	fix := _fix
}

_message := sprintf("the user %s cannot exist: nothing in the image's /etc/passwd can name it", [_user.value]) if {
	_user.exists == false
} else := sprintf("the user %s is a name: Kubernetes cannot check that it is not root", [_user.value])

_fix := sprintf("Write `USER %d:%d`.", [_user.uid, _user.gid]) if {
	is_number(_user.uid)
	is_number(_user.gid)
} else := sprintf("Write `USER %d`.", [_user.uid]) if {
	is_number(_user.uid)
} else := "Write the uid and gid, for example `USER 10001:10001`."
