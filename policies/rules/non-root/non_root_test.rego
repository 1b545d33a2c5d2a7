package gate.rules["non-root_test"]

import data.gate.rules["non-root"] as rule

_at := {"kind": "line", "path": "Dockerfile", "line": 4, "end_line": 4}

_user(value, root) := {"state": "known", "value": value, "root": root, "overridable_by": [], "origin": _at}

_base(reference) := {"reference": reference, "registry": "gcr.io", "repository": "distroless/static-debian12"}

_dockerfile(user, base, libc) := {
	"evidence": {
		"kind": "dockerfile",
		"facts": {"user": user, "base": base},
		"dockerfile": {"stages": [{"target": false, "libc": "none"}, {"target": true, "libc": libc}]},
	},
	"parameters": {"non-root": {"build_args": false}},
}

_container(user) := {
	"evidence": {"kind": "container", "facts": {"user": user, "base": _base(null)}, "dockerfile": null},
	"parameters": {"non-root": {"build_args": false}},
}

_found(input_) := {[found.message, found.fix, found.origin.line] | some found in found_} if {
	found_ := rule.violations with input as input_
}

test_accepts_a_number if _found(_dockerfile(_user("10001", false), _base("scratch"), "none")) == set()

test_reports_no_user_on_scratch if {
	_found(_dockerfile(_user(null, true), _base("scratch"), "none")) == {[
		"runs as root: no USER is set, and on scratch that is uid 0",
		"Add `USER 65532:65532` after the last COPY; on scratch no entry in /etc/passwd is needed.",
		4,
	]}
}

test_reports_no_user_on_alpine if {
	_found(_dockerfile(_user("", true), _base("docker.io/library/alpine:3.20"), "musl")) == {[
		"runs as root: no USER is set, and docker.io/library/alpine:3.20 runs as root",
		"Add `RUN adduser -D -u 10001 app` and `USER 10001:10001` after what needs root.",
		4,
	]}
}

test_reports_no_user_on_debian if {
	_found(_dockerfile(_user("", true), _base("docker.io/library/debian:12-slim"), "glibc")) == {[
		"runs as root: no USER is set, and docker.io/library/debian:12-slim runs as root",
		"Add `RUN useradd --no-log-init -u 10001 app` and `USER 10001:10001` after what needs root.",
		4,
	]}
}

test_reports_distroless_with_its_own_fix if {
	_found(_dockerfile(_user("0", true), _base("gcr.io/distroless/static-debian12"), "none")) == {[
		"runs as root (user 0)",
		"Use the `:nonroot` tag of gcr.io/distroless/static-debian12, or add `USER 65532:65532`.",
		4,
	]}
}

test_reports_a_name_of_uid_0 if {
	_found(_dockerfile(_user("toor", true), _base("a.io/b:1"), null)) == {[
		"runs as root: the user is toor (uid 0)",
		"Add `USER 10001:10001` after the last instruction that needs root.",
		4,
	]}
}

test_reports_no_user_on_an_unnamed_base if {
	_found(_dockerfile(_user(null, true), _base(null), null)) == {[
		"runs as root: no user is set",
		"Add `USER 10001:10001` after the last instruction that needs root.",
		4,
	]}
}

test_reports_a_container if {
	_found(_container(_user("root", true))) == {[
		"runs as root (user root)",
		"Set `securityContext.runAsNonRoot: true` and a numeric `runAsUser`, or build the image with a numeric USER.",
		4,
	]}
}

test_accepts_a_container_with_a_number if _found(_container(_user("1000", false))) == set()

test_reports_a_user_from_a_build_argument if {
	user := object.union(_user("10001", false), {"overridable_by": ["GID", "UID"]})
	_found(_dockerfile(user, _base("scratch"), "none")) == {[
		"USER comes from the build argument GID, UID: a build can set it to root",
		"Write the user as a number in the Dockerfile, for example `USER 65532:65532`.",
		4,
	]}
}

test_accepts_a_build_argument_where_that_is_allowed if {
	user := object.union(_user("10001", false), {"overridable_by": ["UID"]})
	allowing := object.union(
		_dockerfile(user, _base("scratch"), "none"),
		{"parameters": {"non-root": {"build_args": true}}},
	)
	_found(allowing) == set()
}

test_says_nothing_of_an_unknown_user if {
	unknown := {"state": "unknown", "value": null, "root": null, "overridable_by": [], "origin": null}
	_found(_dockerfile(unknown, _base(null), null)) == set()
}
