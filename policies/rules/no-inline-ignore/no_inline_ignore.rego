# METADATA
# title: A comment switches off a check
# description: >-
#   A waiver in the file that it waives is written by whoever it concerns, has no owner and never ends.
#   Exemptions belong where they are reviewed.
# related_resources:
# - ref: https://github.com/hadolint/hadolint/wiki
#   description: hadolint, rules
# custom:
#   severity: low
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Remove the comment, and write an exemption with a reason and a date into gate.yaml.
#   aliases: [DL1001]
#   controls: []
#   since: "0.1"
package gate.rules["no-inline-ignore"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.lines(comment.line, comment.line), message) if {
	some comment in input.evidence.dockerfile.comments
	some tool in regex.find_n(_waivers, lower(trim_space(comment.text)), 1)
	message := sprintf("this comment switches off a check: %s", [tool])
}

violations contains finding.at(null, message) if {
	value := input.evidence.dockerfile.directives.check
	startswith(lower(value), "skip=")
	message := sprintf("a directive switches off checks of the build: check=%s", [value])
}

_waivers := concat("|", [
	`^hadolint +(global +)?ignore=`,
	`^trivy:ignore:`,
	`^checkov:skip=`,
	`^kics-scan (ignore|disable)`,
	`^tally (global )?ignore=`,
	`^dockerfile[-_]?lint[-:]ignore`,
	`^check=skip=`,
	`^nosemgrep`,
])
