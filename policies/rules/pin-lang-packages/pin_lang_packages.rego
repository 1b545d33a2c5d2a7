# METADATA
# title: A language package has no exact version
# description: >-
#   Without an exact version the same Dockerfile installs something else tomorrow, and nobody reviewed it. A
#   lock or constraints file counts as a version.
# related_resources:
# - ref: https://github.com/hadolint/hadolint/wiki
#   description: hadolint, rules
# custom:
#   severity: medium
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Name an exact version (`pip install flask==3.0.3`, `npm install -g npm@10.8.2`), or install from a lock file."
#   aliases: [DL3013, DL3016, DL3028, DL3062, kics/unpinned_package_version_in_pip_install, kics/npm_install_without_pinned_version, kics/gem_install_without_version]
#   controls: []
#   since: "0.1"
#   only_with: [pip, pip3, python*, npm, gem, go]
package gate.rules["pin-lang-packages"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding
import data.gate.lib.packages
import data.gate.lib.text

violations contains finding.at(dockerfile.at(use.run), message) if {
	some use in packages.by({"pip", "pipx", "npm", "gem", "go"})
	not _locked(use)
	loose := [name |
		some name in _names(use)
		not _computed(name)
		not _local(name)
		not _of_the_module(use, name)
		not _pinned(use.manager, use.verb, name)
	]
	count(loose) > 0
	message := sprintf("%s %s takes whatever version there is of %s", [use.program, use.verb, text.some_of(loose)])
}

# What follows the package of `go run` is for the program.
_names(use) := array.slice(use.names, 0, 1) if use.verb == "run"

else := use.names

_locked(use) if commands.has_flag(use.command, {"-c", "--constraint", "--require-hashes", "--no-index"})

_locked(use) if {
	use.manager == "gem"
	commands.has_flag(use.command, {"-v", "--version"})
}

_locked(use) if use.verb == "ci"

_computed(name) if contains(name, "$")

_computed(name) if regex.match("[`*]", name)

_local(name) if regex.match(`^([./~]|file:|[A-Za-z]:\\)`, name)

_local(name) if regex.match(`\.(whl|zip|tgz|tar|tar\.gz|gem|go)$`, name)

_local(name) if name == "cmd"

# A path with a slash is a folder to pip.
_pinned("pip", _, name) if regex.match(`(==|~=|<|@|^[^:]*/)`, name)

_pinned("pipx", _, name) if regex.match(`(==|@)`, name)

_pinned("npm", _, name) if {
	not contains(name, "://")
	regex.match(`^.[^@]*@.`, name)
	not regex.match(`@(latest|next)$`, name)
}

_pinned("npm", _, name) if regex.match(`(:.*#|^https?:)`, name)

_pinned("gem", _, name) if contains(name, ":")

# What has no version is in the go.mod beside it.
_pinned("go", _, name) if regex.match(`@(v[0-9]|[0-9a-f]{7,})`, name)

# Without a version Go takes the one of go.mod, which something must have brought.
_of_the_module(use, name) if {
	use.manager == "go"
	use.verb in {"install", "run"}
	not contains(name, "@")
	_has_sources(use)
}

_has_sources(use) if count(use.run.mounts) > 0

_has_sources(use) if {
	some copy in files.copies
	copy.stage in files.chain[use.stage]
}

_has_sources(use) if {
	some call in array.concat(commands.of("git"), commands.of("tar"))
	call.stage in files.chain[use.stage]
}
