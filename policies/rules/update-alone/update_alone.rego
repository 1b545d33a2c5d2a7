# METADATA
# title: Package lists are updated apart from the installation
# description: >-
#   The layer of `apt-get update` is cached: months later the installation in the next RUN still uses the old
#   lists and asks for packages that are gone, or installs old ones. What `dnf update` upgraded is as old as its layer.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write `apt-get update && apt-get install -y ...` as one RUN; build on a newer base image instead of upgrading all of it."
#   aliases: [DS-0017, CKV_DOCKER_5, CIS-DI-0007, kics/update_instruction_alone, dockerfilelint/apt-get-update_require_install]
#   controls: [CIS Docker 4.7]
#   since: "0.1"
#   only_with: [apt-get, apt, aptitude, apk, yum, dnf, microdnf, tdnf, zypper]
package gate.rules["update-alone"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages

violations contains finding.with_fix(finding.at(dockerfile.at(use.run), message), _fix[use.manager]) if {
	some use in packages.uses
	use.verb in _updates[use.manager]
	count(use.names) == 0
	not _followed(use)
	message := sprintf("%s %s stands in a RUN of its own", [use.program, use.verb])
}

_fix := {
	"apt": "Write `apt-get update && apt-get install -y ...` as one RUN.",
	"apk": "Leave it out, and write `apk add --no-cache ...`.",
	"yum": "Leave it out: build on a newer base image instead of upgrading all of it.",
	"dnf": "Leave it out: build on a newer base image instead of upgrading all of it.",
	"zypper": "Write `zypper --non-interactive refresh && zypper --non-interactive install ...` as one RUN.",
}

_updates := {
	"apt": {"update"},
	"apk": {"update"},
	"yum": {"update"},
	"dnf": {"update", "up"},
	"zypper": {"update", "up", "refresh", "ref"},
}

_followed(use) if {
	some other in packages.uses
	other.run.line == use.run.line
	other.stage == use.stage
	other.manager == use.manager
	not other.verb in _updates[use.manager]
	not other.verb in {"clean", "autoclean", "autoremove", "cache", "cc", "remove", null}
}

_followed(use) if {
	some command in use.run.commands
	not _known(command)
}

_followed(use) if commands.mounted(use.run, _lists[use.manager])

_lists := {
	"apt": "/var/lib/apt/lists",
	"apk": "/var/cache/apk",
	"yum": "/var/cache/yum",
	"dnf": "/var/cache/dnf",
	"zypper": "/var/cache/zypp",
}

# Nobody can tell whether a script installs something.
_known(command) if {
	command.opaque == false
	command.program in _programs
}

_programs := {
	"apt-get", "apt", "aptitude", "apk", "yum", "dnf", "microdnf", "tdnf", "zypper", "rm", "echo", "true", ":", "set",
	"export", "cd", "sudo", "mkdir", "touch", "chmod", "chown", "cp", "mv", "ln", "ls", "cat", "sed", "sleep", "adduser",
	"addgroup", "useradd", "groupadd", "usermod", "curl", "wget", "gpg", "apt-key", "rpm", "locale-gen",
}
