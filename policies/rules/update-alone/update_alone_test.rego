package gate.rules["update-alone_test"]

import data.gate.lib.fixture
import data.gate.rules["update-alone"] as rule

_found(commands) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran(commands)
}

_update := fixture.command("apt-get", ["-q", "update"])

test_reports_an_update_alone if {
	_found([_update]) == {"apt-get update stands in a RUN of its own"}
	_found([_update, fixture.command("rm", ["-rf", "/x"])]) == {"apt-get update stands in a RUN of its own"}
}

test_accepts_an_installation_beside_it if {
	_found([_update, fixture.command("apt-get", ["install", "curl"])]) == set()
	_found([_update, fixture.command("./install.sh", [])]) == set()
}

test_reports_other_managers if {
	_found([fixture.command("apk", ["update"])]) == {"apk update stands in a RUN of its own"}
	said := {"yum update stands in a RUN of its own"}
	_found([fixture.command("yum", ["-y", "update"]), fixture.command("yum", ["clean", "all"])]) == said
	_found([fixture.command("yum", ["update", "-y", "openssl"])]) == set()
}

_fixes(commands) := {each.fix | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran(commands)
}

test_says_what_to_do_for_each_manager if {
	_fixes([_update]) == {"Write `apt-get update && apt-get install -y ...` as one RUN."}
	_fixes([fixture.command("apk", ["update"])]) == {"Leave it out, and write `apk add --no-cache ...`."}
}

test_accepts_a_cache_mount if {
	mount := {"type": "cache", "target": "/var/lib/apt"}
	run := fixture.instruction("RUN", 2, {"commands": [_update], "mounts": [mount]})
	rule.violations == set() with input.evidence as fixture.single([run])
}
