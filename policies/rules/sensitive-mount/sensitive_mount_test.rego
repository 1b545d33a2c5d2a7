package gate.rules["sensitive-mount_test"]

import data.gate.lib.fixture
import data.gate.rules["sensitive-mount"] as rule

_found(cmd, path) := {each.message | some each in found} if {
	instruction := fixture.instruction(cmd, 2, {"args": [path]})
	found := rule.violations with input.evidence as fixture.single([instruction])
}

test_reports_system_directories if {
	_found("VOLUME", "/etc") == {"VOLUME /etc: this is a directory of the system"}
	_found("VOLUME", "/") == {"VOLUME /: this is a directory of the system"}
	_found("WORKDIR", "/proc/self/fd/8") == {"WORKDIR /proc/self/fd/8: this is a directory of the kernel"}
	_found("VOLUME", "/var/run/docker.sock") == {"VOLUME /var/run/docker.sock: this is the container engine's socket"}
}

test_accepts_others if {
	_found("VOLUME", "/etc/app") == set()
	_found("VOLUME", "/dev/shm") == set()
	_found("WORKDIR", "/") == set()
	_found("WORKDIR", "/process") == set()
}
