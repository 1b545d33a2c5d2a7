# METADATA
# title: Build tools ship in the image
# description: >-
#   A compiler, its caches and the sources are most of what a single-stage image weighs, and none of it runs. A
#   second stage that takes the result with `COPY --from` leaves them behind: 350 MB become 15.
# related_resources:
# - ref: https://docs.docker.com/build/building/multi-stage/
#   description: "Docker, multi-stage builds"
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Build in a stage of its own (`FROM ... AS build`), and copy the result into a small runtime image."
#   aliases: [tally/prefer-multi-stage-build]
#   controls: []
#   since: "0.1"
package gate.rules["multi-stage-build"]

import data.gate.lib.builds
import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages
import data.gate.lib.text

# The base is made for building.
violations contains finding.with_fix(finding.at(dockerfile.lines(stage.line, stage.line), message), _fix) if {
	some stage in input.evidence.dockerfile.stages
	stage.index in commands.shipped
	stage.ships == "builder"
	not is_number(stage.base.stage)
	message := sprintf("the image is built on %s and ships its compilers and sources", [stage.base.reference])
}

# The base is not, but something is built on it.
violations contains finding.with_fix(finding.at(dockerfile.at(_last.call.run), message), _fix) if {
	not _on_builder
	message := sprintf("`%s` runs in the image that ships, and leaves its tools and sources there", [_last.text])
}

violations contains finding.at(dockerfile.at(use.run), message) if {
	some use in packages.by({"apt", "apk", "yum", "dnf", "zypper"})
	use.ships
	tools := [name | some name in use.names; regex.match(_tools, name)]
	count([name | some name in tools; name != "make"]) > 0
	not _removed(use)
	message := sprintf("%s installed into the image that ships", [_list(tools)])
}

_list(names) := sprintf("%s is", names) if count(names) == 1

else := sprintf("%s are", [text.some_of(names)])

_tools := `^(gcc|g\+\+|clang|cmake|make|automake|autoconf|build-essential|build-base|gcc-c\+\+|alpine-sdk|musl-dev|libc6-dev|golang|golang-go|cargo|rustc|maven|gradle|go|rust)(-[0-9.]+)?(=.*)?$`

# Removed again in the same RUN, they are in no layer.
_removed(use) if {
	some other in packages.uses
	other.run.line == use.run.line
	other.stage == use.stage
	other.verb in {"del", "purge", "remove", "autoremove", "erase", "rm"}
}

_on_builder if {
	some stage in input.evidence.dockerfile.stages
	stage.index in commands.shipped
	stage.ships == "builder"
}

_compiled := {found.call.run.line: found |
	some found in builds.compilations
	found.call.ships
	not _removed(found.call)
	_first(found)
}

# Of several in one RUN, the first in the list stands for it.
_first(found) if {
	same := [other | some other in builds.compilations; other.call.ships; other.call.run.line == found.call.run.line]
	same[0] == found
}

_last := _compiled[max(object.keys(_compiled))] if count(_compiled) > 0

_fix := sprintf("Name the stage (`AS build`), end it after line %d, and start `FROM` a runtime image with `COPY --from=build` of the result.", [_last.call.run.end_line]) if {
	_last
} else := "Use it as a builder only: copy the result with `COPY --from` into a runtime image."
