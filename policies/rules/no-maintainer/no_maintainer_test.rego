package gate.rules["no-maintainer_test"]

import data.gate.lib.fixture
import data.gate.rules["no-maintainer"] as rule

test_reports_maintainer if {
	found := {{"origin": fixture.at(2), "message": "MAINTAINER is deprecated; a label says the same"}}
	rule.violations == found with input.evidence as fixture.single([fixture.instruction("MAINTAINER", 2, {})])
}

test_accepts_a_label if {
	rule.violations == set() with input.evidence as fixture.single([fixture.instruction("LABEL", 2, {})])
}
