# METADATA
# title: No .dockerignore, or one that lets in what must stay out
# description: >-
#   A COPY of the whole context takes everything that lies there: the history in .git, node_modules of another
#   platform, .env with passwords. What a .dockerignore names is not even sent to the builder, and does not
#   disturb the cache.
# related_resources:
# - ref: https://docs.docker.com/build/concepts/context/#dockerignore-files
#   description: "Docker, .dockerignore"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [COPY, ADD]
#   fix: "Write a .dockerignore beside the Dockerfile with `.git`, `.env*`, `node_modules` and build results."
#   aliases: []
#   controls: []
#   since: "0.1"
package gate.rules.dockerignore

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding
import data.gate.lib.languages

violations contains finding.with_fix(finding.at(dockerfile.at(copy.instruction), message), fix) if {
	_ignore.path == null
	some copy in _whole
	message := "everything in the build context is copied, and there is no .dockerignore"
	fix := sprintf("Write a .dockerignore beside the Dockerfile: %s.", [concat(", ", [name | some name in _wanted])])
}

violations contains finding.with_fix(finding.at(dockerfile.at(copy.instruction), message), fix) if {
	is_string(_ignore.path)
	some copy in _whole
	open := [name | some name in _wanted; not _covered(name)]
	count(open) > 0
	message := sprintf("everything in the build context is copied, and .dockerignore lets in %s", [concat(", ", open)])
	fix := sprintf("Add to .dockerignore: %s.", [concat(", ", open)])
}

_ignore := input.evidence.dockerfile.ignore

# Copies of the whole context; a RUN that only mounts it keeps nothing.
_whole := [copy |
	some copy in files.copies
	copy.context
	some source in copy.sources
	trim_suffix(source, "/") in {"", ".", "*", "./*"}
]

_wanted := array.concat([".git", ".env"], [name | some name in ["node_modules"]; _node])

_node if count(languages.node_installs) > 0

_covered(name) if {
	some pattern in _ignore.patterns
	_covers(trim_prefix(pattern, "**/"), name)
}

_covers(pattern, name) if {
	ways := {name, "*", "**", sprintf("%s*", [name]), sprintf("*%s", [name]), sprintf("%s/**", [name]), sprintf("%s/*", [name])}
	pattern in ways
}

_covers(pattern, name) if {
	startswith(name, ".")
	pattern in {".*", ".*/", ".e*", ".??*"}
}

# They lie beside package.json, wherever that is.
_covers(pattern, "node_modules") if endswith(pattern, "/node_modules")
