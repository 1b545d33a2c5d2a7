# METADATA
# title: The base has a smaller variant
# description: >-
#   The plain tags of official images bring compilers, headers and tools for every occasion: python:3.12 is 1.1
#   GB, python:3.12-slim 120 MB. What is not in the image needs no patches.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: "Docker, building best practices"
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Use the -slim or -alpine variant, or a distroless image."
#   aliases: [CIS-DI-0003]
#   controls: [CIS Docker 4.3]
#   since: "0.1"
package gate.rules["minimal-base"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.lines(stage.line, stage.line), message) if {
	some stage in input.evidence.dockerfile.stages
	stage.index in commands.shipped
	stage.base.registry == "docker.io"
	stage.base.repository in _official
	tag := _tag(stage.base)
	not regex.match(`slim|alpine|windowsservercore|nanoserver|distroless|jre`, tag)
	message := sprintf("%s has smaller variants", [stage.base.reference])
}

_tag(base) := base.tag if is_string(base.tag)

else := "latest" if not is_string(base.digest)

_official := {sprintf("library/%s", [name]) | some name in ["python", "node", "ruby", "php", "perl", "debian", "nginx", "httpd", "redis", "memcached", "haproxy", "erlang", "elixir"]}
