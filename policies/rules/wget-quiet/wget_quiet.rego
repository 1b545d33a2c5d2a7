# METADATA
# title: The progress of wget fills the log
# description: >-
#   Without a terminal wget prints a line for every 50 kB, and the log of a build hides what went wrong between
#   thousands of them.
# related_resources:
# - ref: https://github.com/hadolint/hadolint/wiki
#   description: hadolint, rules
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Add `-q`, `-nv` or `--progress=dot:giga`."
#   aliases: [DL3047]
#   controls: []
#   since: "0.1"
#   only_with: [wget]
package gate.rules["wget-quiet"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), "wget prints its progress into the log") if {
	some call in commands.of("wget")
	count(commands.operands(call.command)) > 0
	not _quiet(call.command)
}

_quiet(command) if {
	some arg in command.args
	regex.match(`^(-[A-Za-z]*q|-nv|--quiet|--no-verbose|--progress|--output-file|--append-output|-o|-a|-b)`, arg)
}
