# METADATA
# title: The unstable apt command line is used
# description: >-
#   The command line of apt may change with any release, and says so itself on every call without a terminal.
# related_resources:
# - ref: https://github.com/hadolint/hadolint/wiki
#   description: hadolint, rules
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write `apt-get` (or `apt-cache`)."
#   aliases: [DL3027, CKV_DOCKER_9, kics/run_using_apt]
#   controls: []
#   since: "0.1"
#   only_with: [apt]
package gate.rules["apt-not-aptget"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), "apt is called; its command line is not stable") if {
	some call in commands.of("apt")
	count(call.command.args) > 0
}
