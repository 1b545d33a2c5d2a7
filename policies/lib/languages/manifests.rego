# METADATA
# title: Manifests
# description: >-
#   Installations of what a project's manifest lists, such as package.json. Packages that a command names are something
#   else.
package gate.lib.manifests

import data.gate.lib.commands

# METADATA
# description: >-
#   Every such installation: the `call`, its `text` to show, and the `manifests` that it reads, as arguments of COPY.
installs := [install |
	some tool in _tools
	some program in tool.programs
	some call in commands.of(program)
	not call.command.opaque
	verb(call.command.args) in tool.verbs
	_from_manifest(call, tool)
	install := {
		"call": call,
		"text": trim_space(sprintf("%s %s", [call.command.program, verb(call.command.args)])),
		"manifests": _manifests(call, tool),
	}
]

_tools := [
	{"programs": {"npm"}, "verbs": {"ci", "install", "i"}, "manifests": "package.json package-lock.json"},
	{"programs": {"yarn"}, "verbs": {"", "install"}, "manifests": "package.json yarn.lock"},
	{"programs": {"pnpm"}, "verbs": {"install", "i"}, "manifests": "package.json pnpm-lock.yaml"},
	{"programs": {"go"}, "verbs": {"mod download"}, "manifests": "go.mod go.sum"},
	{"programs": {"pip", "pip3"}, "verbs": {"install"}, "manifests": "requirements.txt"},
	{"programs": {"poetry"}, "verbs": {"install"}, "manifests": "pyproject.toml poetry.lock"},
	{"programs": {"uv"}, "verbs": {"sync"}, "manifests": "pyproject.toml uv.lock"},
	{"programs": {"bundle"}, "verbs": {"", "install"}, "manifests": "Gemfile Gemfile.lock"},
	{"programs": {"composer"}, "verbs": {"install"}, "manifests": "composer.json composer.lock"},
	{"programs": {"cargo"}, "verbs": {"fetch"}, "manifests": "Cargo.toml Cargo.lock"},
	{"programs": {"mvn"}, "verbs": {"dependency:go-offline"}, "manifests": "pom.xml"},
	{"programs": {"dotnet"}, "verbs": {"restore"}, "manifests": "*.csproj"},
]

_manifests(call, tool) := concat(" ", files_named) if {
	"pip" in tool.programs
	files_named := [call.command.args[index + 1] | some index, arg in call.command.args; arg in {"-r", "--requirement"}]
} else := tool.manifests

# Named packages, workspaces and the project itself are not what a manifest lists.
_from_manifest(_, tool) if {
	not tool.programs & {"pip", "pip3", "npm", "pnpm", "yarn"} == tool.programs
}

_from_manifest(call, tool) if {
	tool.programs & {"npm", "pnpm", "yarn"} == tool.programs
	count(commands.operands(call.command)) < 2
	not commands.has_flag(call.command, {"--prefix", "-C", "--cwd", "--global", "-g"})
}

_from_manifest(call, tool) if {
	"pip" in tool.programs
	some index, arg in call.command.args
	arg in {"-r", "--requirement"}
	regex.match(`^(\./)?[A-Za-z0-9_.-]*\.txt$`, call.command.args[index + 1])
}

# METADATA
# description: What a package manager is to do; empty where its arguments start with a flag, or there are none.
verb(args) := "" if count(args) == 0

else := "" if startswith(args[0], "--")

else := "mod download" if array.slice(args, 0, 2) == ["mod", "download"]

else := args[0]
