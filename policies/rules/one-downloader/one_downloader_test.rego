package gate.rules["one-downloader_test"]

import data.gate.lib.fixture
import data.gate.rules["one-downloader"] as rule

test_reports_wget_beside_curl if {
	found := {{"origin": fixture.at(2), "message": "wget is called in a stage that calls curl as well"}}
	ran := [fixture.command("curl", ["x"]), fixture.command("wget", ["x"])]
	rule.violations == found with input.evidence as fixture.ran(ran)
}

test_accepts_either if {
	rule.violations == set() with input.evidence as fixture.ran([fixture.command("wget", ["x"])])
	rule.violations == set() with input.evidence as fixture.dockerfile([
		fixture.stage(0, {"instructions": [fixture.run(2, [fixture.command("wget", ["x"])])]}),
		fixture.stage(1, {"target": true, "instructions": [fixture.run(4, [fixture.command("curl", ["x"])])]}),
	])
}
