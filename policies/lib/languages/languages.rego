# METADATA
# title: Dependencies of languages
# description: Installations by the package managers of languages, and whether they take development dependencies along.
package gate.lib.languages

import data.gate.lib.builds
import data.gate.lib.commands
import data.gate.lib.files

# METADATA
# description: >-
#   Installations of a project's dependencies by npm, yarn or pnpm: the `call`, the `text` to show, the `folder` that
#   they go to (null where unknown), their `order` among others, and whether `everything` is installed, development
#   dependencies included.
node_installs := [install |
	some program, verbs in _node
	some call in commands.of(program)
	words := commands.operands(call.command)
	count(words) < 2
	_verb(words) in verbs
	not commands.has_flag(call.command, {"-g", "--global", "--package-lock-only", "--prefix", "--cwd", "--dir"})
	not "global" in words
	some stage in input.evidence.dockerfile.stages
	stage.index == call.stage
	install := {
		"call": call,
		"text": trim_suffix(sprintf("%s %s", [program, _verb(words)]), " "),
		"folder": files.workdir(stage, call.run.line),
		"order": (call.run.line * 1000) + call.position,
		"everything": _everything(call, stage),
	}
]

_node := {"npm": {"install", "i", "ci"}, "yarn": {"", "install"}, "pnpm": {"install", "i"}}

_verb(words) := words[0] if count(words) > 0

else := ""

_everything(call, stage) := false if {
	some arg in call.command.args
	arg in {"--omit=dev", "--omit", "--production", "--production=true", "--prod", "-P", "--only=prod", "--only=production", "--only"}
} else := asked if {
	some arg in call.command.args
	asked := arg in {"--include=dev", "--production=false", "--prod=false"}
	asked
} else := false if {
	env := builds.settings(call, stage)
	some name in ["NODE_ENV", "NPM_CONFIG_PRODUCTION", "NPM_CONFIG_OMIT", "npm_config_omit", "YARN_PRODUCTION"]
	not object.get(env, name, "development") in {"development", "test", "false"}
} else := false if {
	_version_only(call)
} else := true

# yarn --version and the like install nothing.
_version_only(call) if commands.has_flag(call.command, {"--version", "--help"})
