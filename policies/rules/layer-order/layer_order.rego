# METADATA
# title: Sources are copied before dependencies are installed
# description: >-
#   A layer is built again when what was copied before it changed. With all sources copied first, every changed
#   line installs every dependency again. Copying the manifest and lockfile alone first keeps that layer in the
#   cache until they change.
# related_resources:
# - ref: https://docs.docker.com/build/cache/optimize/
#   description: "Docker, optimising the cache"
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Copy the manifest and its lockfile, install, and copy the rest of the sources after that."
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [npm, yarn, pnpm, go, pip, pip3, poetry, uv, bundle, composer, cargo, mvn, dotnet]
package gate.rules["layer-order"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.with_fix(finding.at(dockerfile.at(copy.instruction), message), fix) if {
	count(_whole) > 0
	some tool in _tools
	some program in tool.programs
	some call in commands.of(program)
	not call.command.opaque
	_verb(call.command.args) in tool.verbs
	_from_manifest(call, tool)
	some copy in _whole
	copy.stage in files.chain[call.stage]
	_before(copy, call)
	not _mounted(call)
	not _installed_before(copy, call)
	text := trim_space(sprintf("%s %s", [call.command.program, _verb(call.command.args)]))
	message := sprintf("everything is copied before `%s`, which any change of a source runs again", [text])
	fix := sprintf("Put `COPY %s ./` and the installation before this line.", [_manifests(call, tool)])
}

# Copies of the whole build context.
_whole := [copy |
	some copy in files.copies
	copy.context
	some source in copy.sources
	trim_suffix(source, "/") in {".", "*", "./*"}
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

# Only what a manifest lists is meant: named packages, workspaces and the project itself are not.
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

_verb(args) := "" if count(args) == 0

else := "" if startswith(args[0], "--")

else := "mod download" if array.slice(args, 0, 2) == ["mod", "download"]

else := args[0]

_before(copy, call) if copy.stage != call.stage

_before(copy, call) if copy.instruction.line < call.run.line

# An installation before the copy was cached; this one is another.
_installed_before(copy, call) if {
	some other in commands.of(call.command.program)
	other.stage in files.chain[call.stage]
	other.run.line < copy.instruction.line
	_verb(other.command.args) != "run"
}

# With the dependencies in a cache mount the installation is cheap.
_mounted(call) if {
	some mount in call.run.mounts
	mount.type == "cache"
}
