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
import data.gate.lib.manifests

violations contains finding.with_fix(finding.at(dockerfile.at(copy.instruction), message), fix) if {
	count(_whole) > 0
	some install in manifests.installs
	call := install.call
	some copy in _whole
	copy.stage in files.chain[call.stage]
	_before(copy, call)
	not _mounted(call)
	not _installed_before(copy, call)
	message := sprintf("everything is copied before `%s`, which any change of a source runs again", [install.text])
	fix := sprintf("Put `COPY %s ./` and the installation before this line.", [install.manifests])
}

# Copies of the whole build context.
_whole := [copy |
	some copy in files.copies
	copy.context
	some source in copy.sources
	trim_suffix(source, "/") in {".", "*", "./*"}
]

_before(copy, call) if copy.stage != call.stage

_before(copy, call) if copy.instruction.line < call.run.line

# An installation before the copy was cached; this one is another.
_installed_before(copy, call) if {
	some other in commands.of(call.command.program)
	other.stage in files.chain[call.stage]
	other.run.line < copy.instruction.line
	manifests.verb(other.command.args) != "run"
}

# With the dependencies in a cache mount the installation is cheap.
_mounted(call) if {
	some mount in call.run.mounts
	mount.type == "cache"
}
