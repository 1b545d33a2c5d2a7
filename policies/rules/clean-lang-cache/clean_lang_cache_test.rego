package gate.rules["clean-lang-cache_test"]

import data.gate.lib.fixture
import data.gate.rules["clean-lang-cache"] as rule

_ran(ran, more) := {each.message | some each in found} if {
	run := object.union(fixture.run(2, ran), more)
	found := rule.violations with input.evidence as fixture.single([run])
}

_pip := fixture.command("pip", ["install", "flask"])

_yarn(args) := fixture.command("yarn", args)

test_reports_caches_that_stay if {
	_ran([_pip], {}) == {"pip install keeps what it downloads in ~/.cache/pip"}
	yarn := {"yarn keeps what it downloads in its cache"}
	_ran([_yarn(["install", "--frozen-lockfile"])], {}) == yarn
	_ran([_yarn([])], {}) == yarn
	_ran([_yarn(["global", "add", "x"])], {}) == yarn
	_ran([_yarn(["build"])], {}) == set()
}

test_accepts_caches_that_are_emptied_or_mounted if {
	_ran([_pip], {"mounts": [{"type": "cache", "target": "/root/.cache/pip"}]}) == set()
	_ran([_pip, fixture.command("rm", ["-rf", "~/.cache"])], {}) == set()
	_ran([_pip, fixture.command("pip", ["cache", "purge"])], {}) == set()
	_ran([_yarn([]), _yarn(["cache", "clean"])], {}) == set()
	_ran([_yarn([]), object.union(_yarn([]), {"opaque": true})], {}) == set()
}

test_accepts_pip_that_is_told_not_to if {
	_ran([object.union(_pip, {"env": {"PIP_NO_CACHE_DIR": "off"}})], {}) == set()
	_ran([_pip], {"raw": "export PIP_NO_CACHE_DIR=1 && pip install flask"}) == set()
	set_ := {"target": true, "config": {"env": {"PIP_NO_CACHE_DIR": "1"}}, "instructions": [fixture.run(2, [_pip])]}
	rule.violations == set() with input.evidence as fixture.dockerfile([fixture.stage(0, set_)])
}
