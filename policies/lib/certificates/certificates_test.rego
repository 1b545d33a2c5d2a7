package gate.lib.certificates_test

import data.gate.lib.certificates

test_switches_are_compared_in_lower_case_without_equals_signs if {
	every switches in certificates.switches {
		every switch in switches {
			switch == replace(lower(switch), "=", " ")
		}
	}
	count(certificates.switches) > 10
}

test_a_variable_turns_the_check_off_by_its_value if {
	certificates.unchecked("NODE_TLS_REJECT_UNAUTHORIZED", "0")
	certificates.unchecked("npm_config_strict_ssl", "False")
	not certificates.unchecked("PYTHONHTTPSVERIFY", "1")
	not certificates.unchecked("DEBUG", "0")
}

test_pip_trusts_any_host_that_is_named if {
	certificates.unchecked("PIP_TRUSTED_HOST", "example.com")
	not certificates.unchecked("PIP_TRUSTED_HOST", "")
}

test_git_looks_whether_its_variable_is_set if {
	certificates.unchecked("GIT_SSL_NO_VERIFY", "")
	certificates.unchecked("GIT_SSL_NO_VERIFY", "0")
}
