# METADATA
# title: The container runs as root
# description: >-
#   A process that runs as uid 0 in a container is uid 0 on the node as soon as it leaves the container: a bug in the
#   kernel or the runtime, or a mounted host path, is then enough to own the machine. A server needs no root to serve.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/#user
#   description: Docker, best practices, USER
# - ref: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
#   description: Kubernetes, Pod Security Standards, restricted
# custom:
#   severity: high
#   collection: essential
#   kinds: [dockerfile, image, container]
#   needs: [user]
#   fix: End the final stage with a numeric user, for example `USER 65532:65532`.
#   aliases: [DL3002, DS-0002, CKV_DOCKER_3, CKV_DOCKER_8, CIS-DI-0001, kics/last_user_is_root, kics/missing_user_instruction]
#   controls: [CIS Docker 4.1, NIST SP 800-190 4.1.2]
#   since: "0.1"
#   parameters:
#     build_args:
#       type: boolean
#       description: Accept a USER that a build argument can replace, as long as its value now is not root.
package gate.rules["non-root"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.with_fix(finding.at(input.evidence.facts.user.origin, message), fix) if {
	input.evidence.facts.user.root == true
	message := _message
	fix := _fix
}

violations contains finding.with_fix(finding.at(input.evidence.facts.user.origin, message), fix) if {
	input.evidence.kind == "dockerfile"
	input.evidence.facts.user.root == false
	input.parameters["non-root"].build_args == false
	count(input.evidence.facts.user.overridable_by) > 0
	names := concat(", ", input.evidence.facts.user.overridable_by)
	message := sprintf("USER comes from the build argument %s: a build can set it to root", [names])
	fix := "Write the user as a number in the Dockerfile, for example `USER 65532:65532`."
}

_user := object.get(input.evidence, ["facts", "user", "value"], null)

_given if {
	is_string(_user)
	_user != ""
}

_message := sprintf("runs as root: the user is %s (uid 0)", [_user]) if {
	_given
	not _user in {"root", "0"}
} else := sprintf("runs as root (user %s)", [_user]) if {
	_given
} else := "runs as root: no USER is set, and on scratch that is uid 0" if {
	_on_scratch
} else := sprintf("runs as root: no USER is set, and %s runs as root", [_base]) if {
	_base
} else := "runs as root: no user is set"

_base := input.evidence.facts.base.reference if is_string(input.evidence.facts.base.reference)

_on_scratch if _base == "scratch"

_fix := "Set `securityContext.runAsNonRoot: true` and a numeric `runAsUser`, or build the image with a numeric USER." if {
	input.evidence.kind == "container"
} else := "Add `USER 65532:65532` after the last COPY; on scratch no entry in /etc/passwd is needed." if {
	_on_scratch
} else := sprintf("Use the `:nonroot` tag of %s, or add `USER 65532:65532`.", [_family]) if {
	startswith(_base, "gcr.io/distroless/")
} else := "Add `RUN adduser -D -u 10001 app` and `USER 10001:10001` after what needs root." if {
	_libc == "musl"
} else := "Add `RUN useradd --no-log-init -u 10001 app` and `USER 10001:10001` after what needs root." if {
	_libc == "glibc"
} else := "Add `USER 10001:10001` after the last instruction that needs root."

_family := sprintf("%s/%s", [input.evidence.facts.base.registry, input.evidence.facts.base.repository])

_libc := dockerfile.target.libc
