package gate.lib.manifests_test

import data.gate.lib.fixture
import data.gate.lib.manifests

_installs(command) := {[install.text, install.manifests] | some install in found} if {
	found := manifests.installs with input.evidence as fixture.ran([command])
}

_called(program, args) := _installs(fixture.command(program, args))

test_every_package_manager_has_its_manifests if {
	_called("npm", ["ci"]) == {["npm ci", "package.json package-lock.json"]}
	_called("yarn", ["--frozen-lockfile"]) == {["yarn", "package.json yarn.lock"]}
	_called("go", ["mod", "download"]) == {["go mod download", "go.mod go.sum"]}
	_called("bundle", []) == {["bundle", "Gemfile Gemfile.lock"]}
	_called("/usr/bin/poetry", ["install"]) == {["/usr/bin/poetry install", "pyproject.toml poetry.lock"]}
}

test_other_verbs_install_nothing if {
	_called("npm", ["run", "build"]) == set()
	_called("go", ["build"]) == set()
}

test_pip_names_its_manifests if {
	_called("pip", ["install", "-r", "a.txt", "--requirement", "b.txt"]) == {["pip install", "a.txt b.txt"]}
	_called("pip3", ["install", "-r", "requirements/base.txt"]) == set()
	_called("pip", ["install", "."]) == set()
	_called("pip", ["install", "-r"]) == set()
}

test_named_packages_and_other_folders_are_something_else if {
	_called("npm", ["install", "typescript"]) == set()
	_called("npm", ["install", "--prefix=web"]) == set()
	_called("yarn", ["install", "--cwd", "web"]) == set()
}

test_what_cannot_be_read_is_not_judged if {
	_installs(object.union(fixture.command("npm", ["ci"]), {"opaque": true})) == set()
}

test_the_verb_is_the_first_argument if {
	manifests.verb(["install", "-D"]) == "install"
	manifests.verb(["mod", "download"]) == "mod download"
	manifests.verb(["mod", "tidy"]) == "mod"
	manifests.verb(["--immutable"]) == ""
	manifests.verb([]) == ""
}
