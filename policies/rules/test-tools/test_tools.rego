# METADATA
# title: Test tools are installed into the image
# description: >-
#   Test runners and linters are for the build and for CI. In the image that ships they are size, and code that
#   somebody has to patch. An image that starts one, or a stage that is called after it, is meant to have it.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Install them in a stage of their own, built on the one that ships, and run the tests there.
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [pip, pip2, pip3, python*, npm, yarn, pnpm, gem, composer]
package gate.rules["test-tools"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages
import data.gate.lib.text

violations contains finding.at(dockerfile.at(use.run), message) if {
	some use in _installs
	use.ships
	found := [name |
		some name in use.names
		regex.find_n(`^@?[A-Za-z0-9_./-]+`, name, 1)[0] in _tools[use.manager]
	]
	count(found) > 0
	not _meant
	message := sprintf("%s installs %s into the image", [use.program, text.some_of(found)])
}

_installs := array.concat(packages.by({"pip", "npm", "gem"}), [use |
	some program, manager in {"yarn": "npm", "pnpm": "npm", "composer": "composer"}
	some call in commands.of(program)
	words := commands.operands(call.command)
	some verb in ["add", "require"]
	verb in words
	use := object.union(call, {"program": program, "manager": manager, "names": words})
])

_tools := {
	"pip": {"pytest", "pytest-cov", "pytest-xdist", "tox", "nox", "nose", "nose2", "coverage", "pylint", "flake8"},
	"npm": {
		"jest", "mocha", "karma", "karma-cli", "jasmine", "vitest", "ava", "nyc", "cypress", "eslint", "nodemon",
		"@playwright/test",
	},
	"gem": {"rspec", "cucumber", "rubocop", "simplecov"},
	"composer": {"phpunit/phpunit", "pestphp/pest", "squizlabs/php_codesniffer", "phpstan/phpstan"},
}

_meant if {
	some instruction in dockerfile.target.instructions
	instruction.cmd in {"CMD", "ENTRYPOINT"}
	some command in instruction.commands
	some word in array.concat([command.program], command.args)
	is_string(word)
	regex.match(`test|spec|lint|tox|nox|jest|mocha|karma|cypress|nodemon|flake8|coverage|watch`, word)
}

_meant if {
	is_string(dockerfile.target.name)
	regex.match(`test|spec|lint|dev|ci|check|qa|debug`, dockerfile.target.name)
}

_meant if regex.match(`(?i)test|lint|dev|ci[-_./]|debug`, input.evidence.subject.name)
