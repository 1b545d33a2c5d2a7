package gate.lib.finding_test

import data.gate.lib.finding

test_at if finding.at({"kind": "config"}, "m") == {"origin": {"kind": "config"}, "message": "m"}

test_at_certain if finding.at_certain(null, "m") == {"origin": null, "message": "m", "certain": true}

test_with_fix if finding.with_fix(finding.at(null, "m"), "f") == {"origin": null, "message": "m", "fix": "f"}

test_warning if finding.warning(finding.at(null, "m")) == {"origin": null, "message": "m", "level": "warn"}
