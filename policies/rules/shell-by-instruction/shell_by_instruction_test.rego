package gate.rules["shell-by-instruction_test"]

import data.gate.lib.fixture
import data.gate.rules["shell-by-instruction"] as rule

_found(program, args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command(program, args)])
}

test_reports_a_replaced_shell if {
	_found("ln", ["-sf", "/bin/bash", "/bin/sh"]) == {"ln puts /bin/bash in the place of /bin/sh"}
	_found("mv", ["/bin/zsh", "/bin/sh"]) == {"mv puts /bin/zsh in the place of /bin/sh"}
}

test_accepts_other_links if {
	_found("ln", ["-s", "/bin/bash", "/usr/local/bin/bash"]) == set()
	_found("ln", ["-s", "/bin/busybox", "/bin/sh"]) == set()
	_found("ln", []) == set()
}
