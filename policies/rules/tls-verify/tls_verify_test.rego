package gate.rules["tls-verify_test"]

import data.gate.lib.fixture
import data.gate.rules["tls-verify"] as rule

_found(program, args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command(program, args)])
}

test_reports_switches if {
	_found("wget", ["--no-check-certificate", "x"]) == {"wget is called with --no-check-certificate"}
	_found("npm", ["config", "set", "strict-ssl=false"]) == {"npm is called with set strict-ssl false"}
	_found("wget", ["x"]) == set()
}

test_reports_insecure_curl_alone_and_bundled if {
	said := {"curl is called with -k or --insecure"}
	_found("curl", ["-k", "x"]) == said
	_found("curl", ["-fsSLk", "x"]) == said
	_found("curl", ["--insecure", "x"]) == said
	_found("curl", ["-okubectl", "-fsSL", "x"]) == set()
	_found("curl", ["-k", "https://localhost:8080/"]) == set()
}

test_reports_the_environment_of_the_image_and_of_a_command if {
	env := fixture.instruction("ENV", 2, {"pairs": [["NODE_TLS_REJECT_UNAUTHORIZED", "0"], ["NPM_CONFIG_STRICT_SSL", "true"], ["PYTHONHTTPSVERIFY", null], ["PIP_TRUSTED_HOST", ""], ["GIT_SSL_NO_VERIFY", null]]})
	found := {{"origin": fixture.at(2), "message": "NODE_TLS_REJECT_UNAUTHORIZED is set to 0"}}
	rule.violations == found with input.evidence as fixture.single([env])
	git := object.union(fixture.command("git", ["clone"]), {"env": {"GIT_SSL_NO_VERIFY": "1"}})
	once := {{"origin": fixture.at(2), "message": "GIT_SSL_NO_VERIFY is set to 1"}}
	rule.violations == once with input.evidence as fixture.ran([git])
}

test_reports_an_export if {
	_found("export", ["PIP_TRUSTED_HOST=example.com"]) == {"PIP_TRUSTED_HOST=example.com is exported"}
	_found("export", ["A", "PYTHONHTTPSVERIFY=0"]) == {"PYTHONHTTPSVERIFY=0 is exported"}
}
