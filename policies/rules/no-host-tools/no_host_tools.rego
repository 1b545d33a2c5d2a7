# METADATA
# title: A command of interactive hosts runs in the build
# description: >-
#   A build has no terminal, no init system and no host: editors, monitors, service managers and mounts do
#   nothing in it that lasts.
# related_resources:
# - ref: https://github.com/hadolint/hadolint/wiki
#   description: hadolint, rules
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove the command; start programs with ENTRYPOINT, and mount with `RUN --mount`."
#   aliases: [DL3001, kics/run_utilities_and_posix_commands]
#   controls: []
#   since: "0.1"
#   only_with: [ssh, vim, vi, nano, shutdown, reboot, service, systemctl, ps, free, top, htop, kill, mount, umount,
#     ifconfig]
package gate.rules["no-host-tools"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), sprintf("%s has no use in a build", [program])) if {
	some program in _programs
	some call in commands.of(program)
	not _forwarded(call)
}

_programs := {
	"ssh", "vim", "vi", "nano", "shutdown", "reboot", "service", "systemctl", "ps", "free", "top", "htop", "kill",
	"mount", "umount", "ifconfig",
}

# With an SSH mount, ssh is what the RUN is for.
_forwarded(call) if {
	some mount in call.run.mounts
	mount.type == "ssh"
	call.command.program == "ssh"
}
