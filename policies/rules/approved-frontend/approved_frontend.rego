# METADATA
# title: The Dockerfile is read by a frontend that is not approved
# description: >-
#   `# syntax=` hands the whole file to the image it names. That image decides what is built, whatever the lines below
#   it say, so nothing else in the file can be trusted until the frontend is.
# related_resources:
# - ref: https://docs.docker.com/build/buildkit/frontend/
#   description: Docker, custom Dockerfile syntax
# custom:
#   severity: high
#   collection: essential
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Remove the `# syntax=` line, or use `# syntax=docker/dockerfile:1`.
#   aliases: []
#   controls: [NIST SP 800-190 4.1.5]
#   since: "0.1"
#   parameters:
#     frontends:
#       type: patterns
#       description: Frontend images; `approved_frontends` sets it. The one built into BuildKit always is.
package gate.rules["approved-frontend"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.image

# Certain, because an unknown frontend is what makes the rest unknown.
violations contains finding.at_certain(dockerfile.lines(line, line), message) if {
	is_string(input.evidence.dockerfile.frontend)
	not _approved
	message := sprintf("the frontend %s is not approved, and it decides what this file means", [_name])
	line := _line
}

_approved if {
	some one in input.evidence.dockerfile.inputs
	one.kind == "frontend"
	image.matches_any(input.parameters["approved-frontend"].frontends, one)
}

_name := input.evidence.dockerfile.frontend

_line := input.evidence.dockerfile.frontend_line if {
	is_number(input.evidence.dockerfile.frontend_line)
} else := 1
