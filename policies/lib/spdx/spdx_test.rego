package gate.lib.spdx_test

import data.gate.lib.spdx

test_knows_licences_and_expressions if {
	every expression in [
		"MIT", "apache-2.0", "GPL-2.0+", "GPL-2.0-only WITH Classpath-exception-2.0",
		"MIT OR (Apache-2.0 AND BSD-3-Clause)", "LicenseRef-Acme", "DocumentRef-x:LicenseRef-y",
	] {
		spdx.valid(expression)
	}
}

test_refuses_what_is_none if {
	every text in [
		"", "not-spdx", "Apache License 2.0", "MIT OR", "MIT Apache-2.0", "AND", "MIT WITH MIT",
		"Classpath-exception-2.0", "MIT/Apache-2.0",
	] {
		not spdx.valid(text)
	}
}
