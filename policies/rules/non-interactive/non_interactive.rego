# METADATA
# title: An installation asks questions
# description: >-
#   A build has nobody to answer: without -y the package manager stops, or takes the default that happens to be
#   no.
# related_resources:
# - ref: https://github.com/hadolint/hadolint/wiki
#   description: hadolint, rules
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Add `-y` (zypper: `-n` before the command)."
#   aliases: [DL3014, DL3030, DL3034, DL3038, DS-0021, kics/apt_get_missing_flags_to_avoid_manual_input, kics/yum_install_allows_manual_input, kics/missing_flag_from_dnf_install, kics/missing_zypper_non_interactive_switch, dockerfilelint/apt-get_missing_param]
#   controls: []
#   since: "0.1"
#   only_with: [apt-get, apt, aptitude, apk, yum, dnf, microdnf, tdnf, zypper]
package gate.rules["non-interactive"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages

violations contains finding.with_fix(finding.at(dockerfile.at(use.run), message), spec.fix) if {
	some use in packages.by({"apt", "yum", "dnf", "zypper"})
	spec := _flags[use.manager]
	not commands.has_flag(use.command, spec.flags)
	not _answered(use)
	message := sprintf("%s %s waits for an answer", [use.program, use.verb])
}

_flags := {
	"apt": {"flags": {"-y", "--yes", "--assume-yes", "-qq", "-q=2", "--quiet=2", "--force-yes"}, "fix": "Add `-y`."},
	"yum": {"flags": {"-y", "--assumeyes"}, "fix": "Add `-y`."},
	"dnf": {"flags": {"-y", "--assumeyes"}, "fix": "Add `-y`."},
	"zypper": {
		"flags": {"-n", "--non-interactive", "-y", "--no-confirm"},
		"fix": "Write `zypper --non-interactive install`.",
	},
}

# microdnf and tdnf never ask; yes | apt-get is answered; configuration files can say it for all.
_answered(use) if use.program in {"microdnf"}

_answered(use) if {
	some command in use.run.commands
	command.program == "yes"
}

_answered(use) if use.command.opaque

_answered(use) if {
	some index, arg in use.command.args
	arg in {"-o", "--option"}
	contains(lower(use.command.args[index + 1]), "assume-yes")
}

_answered(use) if {
	use.manager == "apt"
	strings.count(concat(" ", use.command.args), "-q") > 1
}
