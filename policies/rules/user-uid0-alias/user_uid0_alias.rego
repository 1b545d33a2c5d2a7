# METADATA
# title: A second name for root
# description: >-
#   A user with uid 0 is root under another name. USER looks harmless then, checks by name pass, and the process
#   may do everything.
# related_resources:
# - ref: https://man7.org/linux/man-pages/man8/useradd.8.html
#   description: useradd
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Give the user a uid of its own, for example `useradd --uid 10001 app`."
#   aliases: [DKL-LI-0002]
#   controls: []
#   since: "0.1"
#   only_with: [useradd, adduser, usermod, echo, printf]
package gate.rules["user-uid0-alias"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), message) if {
	some program in ["useradd", "adduser", "usermod"]
	some call in commands.of(program)
	call.ships
	_zero(call.command.args)
	message := sprintf("%s gives a user uid 0", [program])
}

violations contains finding.at(dockerfile.at(call.run), "a line with uid 0 is written to /etc/passwd") if {
	some program in ["echo", "printf"]
	some call in commands.of(program)
	call.ships
	some target in call.command.redirects
	contains(target, "/etc/passwd")
	some text in call.command.args
	regex.match(`(^|\n)[A-Za-z_][A-Za-z0-9_-]*:[^:]*:0+:`, text)
	not regex.match(`(^|\n)root:`, text)
}

_zero(args) if {
	some index, arg in args
	arg in {"-u", "--uid", "-ou"}
	regex.match(`^0+$`, args[index + 1])
}

_zero(args) if {
	some arg in args
	regex.match(`^(-u|-ou|--uid=)0+$`, arg)
}
