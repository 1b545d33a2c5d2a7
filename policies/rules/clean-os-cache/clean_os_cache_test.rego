package gate.rules["clean-os-cache_test"]

import data.gate.lib.fixture
import data.gate.rules["clean-os-cache"] as rule

_install(program, args) := fixture.command(program, args)

_found(commands) := {[each.origin.line, each.message] | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran(commands)
}

test_reports_lists_that_stay if {
	_found([_install("apt-get", ["install", "-y", "curl"])]) == {[
		2,
		"apt-get install leaves package lists in /var/lib/apt/lists in the image",
	]}
	_found([_install("dnf", ["install", "-y", "curl"])]) == {[2, "dnf install leaves caches in /var/cache/dnf in the image"]}
	before := [fixture.command("yum", ["clean", "all"]), _install("yum", ["update"])]
	_found(before) == {[2, "yum update leaves caches in /var/cache/yum in the image"]}
}

test_accepts_what_is_removed_in_the_same_run if {
	_found([_install("apt-get", ["install", "curl"]), fixture.command("rm", ["-rf", "/var/lib/apt/lists/*"])]) == set()
	_found([_install("apk", ["add", "--no-cache", "curl"])]) == set()
	_found([_install("dnf", ["install", "curl"]), fixture.command("dnf", ["clean", "all"])]) == set()
	_found([_install("dnf", ["install", "curl"]), fixture.command("yum", ["clean", "all"])]) == set()
	count(_found([_install("dnf", ["install", "curl"]), fixture.command("microdnf", ["clean", "all"])])) == 1
}

test_accepts_a_cache_mount_a_builder_and_what_is_opaque if {
	mount := {"type": "cache", "target": "/var/lib/apt"}
	install := fixture.command("apt-get", ["install", "curl"])
	mounted := fixture.instruction("RUN", 2, {"commands": [install], "mounts": [mount]})
	rule.violations == set() with input.evidence as fixture.single([mounted])
	builder := fixture.stage(0, {"instructions": [fixture.run(2, [install])]})
	rule.violations == set() with input.evidence as fixture.dockerfile([builder, fixture.stage(1, {"target": true})])
	opaque := object.union(fixture.command(null, []), {"opaque": true})
	_found([install, opaque]) == set()
}

test_reports_downloads_that_docker_clean_would_have_deleted if {
	kept := fixture.command("rm", ["-f", "/etc/apt/apt.conf.d/docker-clean"])
	install := fixture.command("apt-get", ["install", "curl"])
	lists := fixture.command("rm", ["-rf", "/var/lib/apt/lists/*"])
	_found([kept, install, lists]) == {[2, "apt-get install leaves packages in /var/cache/apt/archives in the image"]}
	_found([kept, install, lists, fixture.command("apt-get", ["clean"])]) == set()
	_found([kept, install, lists, fixture.command("rm", ["-rf", "/var/cache/apt"])]) == set()
	opaque := object.union(fixture.command(null, []), {"opaque": true})
	_found([kept, install, opaque]) == set()
}

_said(program) := {[found.message, found.fix] | some found in found_} if {
	found_ := rule.violations with input.evidence as fixture.ran([fixture.command(program, ["install", "-y", "curl"])])
}

test_names_the_program_that_cleans if {
	_said("tdnf") == {["tdnf install leaves caches in /var/cache/tdnf in the image", "End this RUN with `&& tdnf clean all`."]}
	_said("microdnf") == {["microdnf install leaves caches in /var/cache/dnf in the image", "End this RUN with `&& microdnf clean all`."]}
	_said("dnf") == {["dnf install leaves caches in /var/cache/dnf in the image", "End this RUN with `&& dnf clean all`."]}
}
