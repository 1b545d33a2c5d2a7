# METADATA
# title: Development dependencies are installed into the image
# description: >-
#   Test frameworks, linters and compilers of TypeScript belong to the build. In the image they cost hundreds of
#   megabytes and bring vulnerabilities that never needed to ship.
# related_resources:
# - ref: https://docs.npmjs.com/cli/commands/npm-ci#omit
#   description: npm ci --omit
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Install with `npm ci --omit=dev` (`yarn --production`, `pnpm --prod`, `poetry install --only main`, `uv sync --no-dev`, `bundle config set without development`, `composer install --no-dev`)."
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [npm, yarn, pnpm, poetry, uv, composer]
package gate.rules["dev-dependencies"]

import data.gate.lib.builds
import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.languages

violations contains finding.with_fix(finding.at(dockerfile.at(install.call.run), message), fix) if {
	some install in languages.node_installs
	install.call.ships
	install.everything
	not _pruned(install.call)
	message := sprintf("`%s` installs development dependencies into the image", [install.text])
	fix := sprintf("Use `%s`, or build in a stage of its own.", [_production[install.call.command.program]])
}

violations contains finding.with_fix(finding.at(dockerfile.at(call.run), message), fix) if {
	some program, tool in _tools
	some call in commands.of(program)
	call.ships
	commands.operands(call.command)[0] in tool.verbs
	not commands.has_flag(call.command, tool.flags)
	not _configured(call, tool)
	message := sprintf("`%s %s` installs development dependencies into the image", [program, commands.operands(call.command)[0]])
	fix := sprintf("Use `%s`.", [tool.fix])
}

_production := {"npm": "npm ci --omit=dev", "yarn": "yarn install --production", "pnpm": "pnpm install --prod"}

_tools := {
	"poetry": {
		"verbs": {"install"},
		"flags": {"--no-dev", "--only", "--without", "--only-root"},
		"env": ["POETRY_WITHOUT"],
		"fix": "poetry install --only main",
	},
	"uv": {
		"verbs": {"sync"},
		"flags": {"--no-dev", "--no-default-groups", "--only-group", "--no-group"},
		"env": ["UV_NO_DEV"],
		"fix": "uv sync --no-dev",
	},
	"composer": {"verbs": {"install"}, "flags": {"--no-dev"}, "env": ["COMPOSER_NO_DEV"], "fix": "composer install --no-dev"},
}

_configured(call, tool) if {
	some stage in input.evidence.dockerfile.stages
	stage.index == call.stage
	env := builds.settings(call, stage)
	some name in tool.env
	env[name]
}

_pruned(call) if {
	some other in commands.calls
	other.ships
	other.run.line == call.run.line
	other.command.program in {"npm", "pnpm", "yarn", "rm"}
	some arg in other.command.args
	arg in {"prune", "node_modules", "./node_modules"}
}
