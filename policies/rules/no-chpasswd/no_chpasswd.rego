# METADATA
# title: A password is set in the image
# description: >-
#   A password in an image is the same for everyone who has the image, and its hash can be read and guessed at
#   leisure. A container needs none: nobody logs in.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove the password; give access from outside, with keys or `kubectl exec`."
#   aliases: [CKV2_DOCKER_17, DKL-LI-0001]
#   controls: [CIS Docker 4.10]
#   since: "0.1"
#   only_with: [chpasswd, useradd, usermod, passwd]
package gate.rules["no-chpasswd"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), sprintf("%s sets a password", [program])) if {
	some program, flags in _programs
	some call in commands.of(program)
	call.ships
	_sets(call, flags)
}

_programs := {
	"chpasswd": set(),
	"useradd": {"-p", "--password"},
	"usermod": {"-p", "--password"},
	"passwd": {"-d", "--delete", "--stdin"},
}

_sets(_, flags) if count(flags) == 0

_sets(call, flags) if {
	some index, arg in call.command.args
	arg in flags
	not _locked(call.command.args, index + 1)
}

_sets(call, flags) if {
	some arg in call.command.args
	startswith(arg, "--password=")
	"--password" in flags
	not regex.match(`^--password=[!*]*$`, arg)
}

# A lone ! or * locks the account.
_locked(args, place) if args[place] in {"!", "*", "!!", "x"}

# passwd that reads from a pipe.
violations contains finding.at(dockerfile.at(call.run), "passwd sets a password") if {
	some call in commands.of("passwd")
	call.ships
	call.command.connector == "|"
}
