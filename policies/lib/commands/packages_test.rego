package gate.lib.packages_test

import data.gate.lib.fixture
import data.gate.lib.packages

_uses(program, args) := {[use.manager, use.verb, use.names] | some use in found} if {
	found := packages.uses with input.evidence as fixture.ran([fixture.command(program, args)])
}

test_packages_are_told_from_flags_and_their_values if {
	_uses("apt-get", ["-t", "bookworm", "install", "-y", "curl", "libpq5"]) == {["apt", "install", ["curl", "libpq5"]]}
	_uses("apk", ["add", "--virtual", ".build", "gcc"]) == {["apk", "add", ["gcc"]]}
	_uses("pip3", ["install", "-r", "requirements.txt"]) == {["pip", "install", []]}
	_uses("npm", ["ci"]) == {["npm", "ci", []]}
	_uses("apt-get", []) == {["apt", null, []]}
}

test_python_m_pip_is_pip if {
	_uses("python3.12", ["-m", "pip", "install", "flask"]) == {["pip", "install", ["flask"]]}
	_uses("python", ["-m", "venv", "x"]) == set()
}

test_only_installations_install if {
	ran := [fixture.command("apt-get", ["update"]), fixture.command("dnf", ["install", "curl"])]
	[["dnf", "install"]] == [[use.manager, use.verb] | some use in packages.installs] with input.evidence as fixture.ran(ran)
	1 == count(packages.by({"dnf"})) with input.evidence as fixture.ran(ran)
	0 == count(packages.by({"apt"})) with input.evidence as fixture.ran(ran)
}
