# METADATA
# title: A high user id makes a huge log file
# description: >-
#   useradd writes an entry into /var/log/lastlog and faillog at a place that grows with the user id: with a
#   high one they are gigabytes of zeros, which a layer stores in full.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Add `-l` (`--no-log-init`) to useradd, or use a lower user id."
#   aliases: [DL3046]
#   controls: []
#   since: "0.1"
#   only_with: [useradd]
package gate.rules["useradd-l"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), message) if {
	some call in commands.of("useradd")
	call.ships
	not commands.has_flag(call.command, {"-l", "--no-log-init"})
	uid := _uid(call.command.args)
	message := sprintf("useradd with user id %s fills /var/log/lastlog", [uid])
}

# More than five digits.
_uid(args) := uids[0] if {
	uids := [args[index + 1] |
		some index, arg in args
		regex.match(`^(-[A-Za-z]*u|--uid)$`, arg)
		regex.match(`^[0-9]{6,}$`, args[index + 1])
	]
	count(uids) > 0
} else := joined[0] if {
	joined := [regex.replace(arg, `^(--uid=|-u=?)`, "") |
		some arg in args
		regex.match(`^(--uid=|-u=?)[0-9]{6,}$`, arg)
	]
	count(joined) > 0
}
