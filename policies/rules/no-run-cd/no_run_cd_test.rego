package gate.rules["no-run-cd_test"]

import data.gate.lib.fixture
import data.gate.rules["no-run-cd"] as rule

_found(ran) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran(ran)
}

_cd := fixture.command("cd", ["/app"])

_make := fixture.command("make", [])

test_reports_cd_at_the_start_and_at_the_end if {
	_found([_cd, _make]) == {"this RUN starts with cd; WORKDIR says it for all that follows"}
	_found([_make, _cd]) == {"cd is the last command of a RUN and has no effect"}
	_found([_cd]) == {"cd is the last command of a RUN and has no effect"}
}

test_accepts_cd_on_the_way if {
	_found([_make, _cd, _make]) == set()
	_found([fixture.command("cd", ["$D"]), _make]) == set()
	nested := object.union(fixture.run(2, [_cd, _make]), {"raw": "(cd /app && make)"})
	rule.violations == set() with input.evidence as fixture.single([nested])
}
