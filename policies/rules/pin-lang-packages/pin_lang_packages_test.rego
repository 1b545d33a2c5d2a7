package gate.rules["pin-lang-packages_test"]

import data.gate.lib.fixture
import data.gate.rules["pin-lang-packages"] as rule

_found(program, args) := {each.message | some each in found} if {
	found := rule.violations with input.evidence as fixture.ran([fixture.command(program, args)])
}

test_reports_what_has_no_version if {
	_found("pip", ["install", "flask", "gunicorn>=20", "a==1"]) == {"pip install takes whatever version there is of flask, gunicorn>=20"}
	_found("npm", ["install", "-g", "yarn", "a@latest", "@b/c"]) == {"npm install takes whatever version there is of yarn, a@latest, @b/c"}
	_found("gem", ["install", "rails"]) == {"gem install takes whatever version there is of rails"}
	_found("npm", ["install", "git+ssh://git@example.com/x"]) == {"npm install takes whatever version there is of git+ssh://git@example.com/x"}
	_found("go", ["run", "example.com/a@latest", "b"]) == {"go run takes whatever version there is of example.com/a@latest"}
	_found("pipx", ["install", "black", "a==1"]) == {"pipx install takes whatever version there is of black"}
	_found("go", ["install", "example.com/a@latest"]) == {"go install takes whatever version there is of example.com/a@latest"}
}

test_accepts_versions if {
	_found("pip", ["install", "a~=1.2", "b<2", "c>=1,<2"]) == set()
	_found("pip", ["install", "flask==3.0.3", "a @ https://example.com/a.zip"]) == set()
	_found("npm", ["install", "a@1.2.3", "@b/c@1", "git+https://example.com/x#v1", "https://example.com/x"]) == set()
	_found("gem", ["install", "rails:7.1.0"]) == set()
	_found("gem", ["install", "rails", "-v", "7.1.0"]) == set()
	_found("go", ["install", "example.com/a@v1.2.3"]) == set()
	_found("go", ["install", "cmd"]) == set()
}

test_accepts_locks_local_packages_and_what_is_computed if {
	_found("pip", ["install", "-c", "constraints.txt", "flask"]) == set()
	_found("npm", ["ci"]) == set()
	_found("pip", ["install", ".", "./a", "x.whl", "$PACKAGES", "dist/*", "foo/bar"]) == set()
	_found("go", ["get", "cmd"]) == set()
}

test_a_go_module_says_the_version if {
	install := fixture.command("go", ["install", "example.com/a"])
	_found("go", ["install", "example.com/a"]) == {"go install takes whatever version there is of example.com/a"}
	copy := fixture.instruction("COPY", 2, {"args": ["go.mod", "./"]})
	rule.violations == set() with input.evidence as fixture.single([copy, fixture.run(3, [install])])
	mounted := fixture.instruction("RUN", 2, {"commands": [install], "mounts": [{"type": "bind", "target": "."}]})
	rule.violations == set() with input.evidence as fixture.single([mounted])
	rule.violations == set() with input.evidence as fixture.ran([fixture.command("git", ["clone", "x"]), install])
}
