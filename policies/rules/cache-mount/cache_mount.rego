# METADATA
# title: A package manager downloads everything again
# description: >-
#   Where the layer is not in the cache, every package is downloaded once more. A cache mount keeps what was
#   downloaded from build to build, and out of the image.
# related_resources:
# - ref: https://docs.docker.com/build/cache/optimize/#use-cache-mounts
#   description: "Docker, cache mounts"
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Mount the cache of the tool: `RUN --mount=type=cache,target=...`."
#   aliases: [tally/prefer-package-cache-mounts]
#   controls: []
#   since: "0.1"
#   only_with: [npm, pnpm, pip, pip3, uv, poetry, go, cargo, mvn, composer, bundle]
package gate.rules["cache-mount"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.with_fix(finding.at(dockerfile.at(call.run), message), fix) if {
	some program, tool in _tools
	some call in commands.of(program)
	some verb in tool.verbs
	array.slice(call.command.args, 0, count(verb)) == verb
	not _has_cache(call.run)
	not _is_local(call.command)
	message := sprintf("%s %s downloads without a cache mount", [program, concat(" ", verb)])
	fix := sprintf("Use `RUN --mount=type=cache,target=%s`.", [tool.folder])
}

# pip with what is there already.
_is_local(command) if "--no-index" in command.args

_is_local(command) if {
	command.program in {"pip", "pip3"}
	"--no-deps" in command.args
	some arg in command.args
	endswith(arg, ".whl")
}

_has_cache(run) if {
	some mount in run.mounts
	mount.type == "cache"
}

_tools := {
	"npm": {"verbs": [["ci"], ["install"]], "folder": "/root/.npm"},
	"pnpm": {"verbs": [["install"], ["fetch"]], "folder": "/root/.local/share/pnpm/store"},
	"pip": {"verbs": [["install"], ["wheel"]], "folder": "/root/.cache/pip"},
	"pip3": {"verbs": [["install"], ["wheel"]], "folder": "/root/.cache/pip"},
	"uv": {"verbs": [["sync"], ["pip", "install"]], "folder": "/root/.cache/uv"},
	"poetry": {"verbs": [["install"]], "folder": "/root/.cache/pypoetry"},
	"go": {"verbs": [["mod", "download"]], "folder": "/go/pkg/mod"},
	"cargo": {"verbs": [["build"], ["fetch"]], "folder": "/usr/local/cargo/registry"},
	"mvn": {"verbs": [["package"], ["dependency:go-offline"]], "folder": "/root/.m2"},
	"composer": {"verbs": [["install"]], "folder": "/root/.composer/cache"},
	"bundle": {"verbs": [["install"]], "folder": "/usr/local/bundle/cache"},
}
