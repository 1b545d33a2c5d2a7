package gate.rules["pkg-signature_test"]

import data.gate.lib.fixture
import data.gate.rules["pkg-signature"] as rule

_found(program, args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command(program, args)])
}

test_reports_switches if {
	_found("apk", ["add", "--allow-untrusted", "x.apk"]) == {"apk is called with --allow-untrusted"}
	_found("dnf", ["install", "-y", "--setopt=gpgcheck=0", "x"]) == {"dnf is called with gpgcheck 0"}
	_found("apt-get", ["install", "-y", "--force-yes"]) == {"apt-get is called with --force-yes"}
}

test_reports_a_trusted_source if {
	_found("echo", ["deb [arch=amd64 trusted=yes] https://example.com/ stable main"]) == {"a package source is trusted without a signature"}
}

test_accepts_checked_packages if {
	_found("echo", ["trusted=yes"]) == set()
	_found("echo", ["deb [ trusted=yes ] file:///tmp/build ./"]) == set()
	_found("dnf", ["install", "-y", "--setopt=repo_gpgcheck=1", "x"]) == set()
	_found("rpm", ["--import", "key"]) == set()
}
