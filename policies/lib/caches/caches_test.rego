package gate.lib.caches_test

import data.gate.lib.caches
import data.gate.lib.fixture
import data.gate.lib.packages

_opaque := object.union(fixture.command(null, []), {"opaque": true})

# Whether the first installation of a RUN leaves no cache.
_kept_out(commands, mounts) if {
	run := fixture.instruction("RUN", 2, {"commands": commands, "mounts": mounts})
	uses := packages.installs with input.evidence as fixture.single([run])
	caches.kept_out(uses[0])
}

# Whether what apt downloads stays, in a RUN that removes docker-clean first.
_downloads_stay(commands, mounts) if {
	removed := fixture.command("rm", ["-f", "/etc/apt/apt.conf.d/docker-clean"])
	run := fixture.instruction("RUN", 2, {"commands": array.concat([removed], commands), "mounts": mounts})
	evidence := fixture.single([run])
	uses := packages.installs with input.evidence as evidence
	caches.downloads_stay(uses[0]) with input.evidence as evidence
}

_curl := fixture.command("apt-get", ["install", "curl"])

test_every_manager_says_what_stays_and_how_to_be_rid_of_it if {
	object.keys(caches.of) == {"apt", "apk", "yum", "dnf", "zypper"}
	every spec in caches.of {
		object.keys(spec) == {"what", "folders", "flags", "cleans", "fix"}
	}
}

test_lists_of_apt_are_the_files_with_an_underscore if {
	_kept_out([_curl, fixture.command("rm", ["-f", "/var/lib/apt/lists/*_*"])], [])
	not _kept_out([_curl, fixture.command("rm", ["-f", "/var/lib/apt/lists/deb*"])], [])
}

test_a_cache_is_kept_out_by_a_removal_or_a_clean_after_it if {
	lists := fixture.command("rm", ["-rf", "/var/lib/apt/lists/*"])
	_kept_out([_curl, lists], [])
	not _kept_out([lists, _curl], [])
	_kept_out([fixture.command("zypper", ["install", "curl"]), fixture.command("zypper", ["clean", "--all"])], [])
	not _kept_out([fixture.command("zypper", ["install", "curl"]), fixture.command("zypper", ["refresh"])], [])
}

test_a_cache_is_cleaned_by_the_manager_that_has_it if {
	dnf := fixture.command("dnf", ["install", "curl"])
	_kept_out([dnf, fixture.command("yum", ["clean", "all"])], [])
	not _kept_out([dnf, fixture.command("microdnf", ["clean", "all"])], [])
}

test_a_cache_is_kept_out_by_a_flag_or_a_mount if {
	_kept_out([fixture.command("apk", ["add", "--no-cache", "curl"])], [])
	not _kept_out([fixture.command("apk", ["add", "curl"])], [])
	_kept_out([_curl], [{"type": "cache", "target": "/var/lib/apt"}])
	not _kept_out([_curl], [{"type": "bind", "target": "/var/lib/apt"}])
}

test_what_a_computed_script_removes_is_not_known if {
	_kept_out([_curl, _opaque], [])
	not _downloads_stay([_curl, _opaque], [])
}

test_downloads_stay_once_docker_clean_is_removed if {
	_downloads_stay([_curl], [])
	evidence := fixture.ran([_curl])
	uses := packages.installs with input.evidence as evidence
	not caches.downloads_stay(uses[0]) with input.evidence as evidence
}

test_downloads_are_removed_or_mounted if {
	not _downloads_stay([_curl, fixture.command("apt-get", ["clean"])], [])
	not _downloads_stay([_curl, fixture.command("rm", ["-rf", "/var/cache/apt"])], [])
	not _downloads_stay([_curl], [{"type": "cache", "target": "/var/cache/apt"}])
	not _downloads_stay([_curl], [{"type": "tmpfs", "target": "/var/cache/apt/archives"}])
}
