# METADATA
# title: The whole distribution is upgraded
# description: >-
#   An upgrade in the build replaces what the base image is, differently on every day. Take a newer base
#   instead, or upgrade the one package that needs it.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: medium
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Remove the upgrade, and build on a newer base image.
#   aliases: [DL3035, DS-0024, DKL-DI-0003, kics/run_using_upgrade_commands, kics/run_using_dnf_update, kics/use_of_apk_upgrade, kics/yum_update_disabled, kics/run_using_zypper_update, dockerfilelint/apt-get-upgrade, dockerfilelint/apt-get-dist-upgrade]
#   controls: []
#   since: "0.1"
#   only_with: [apt-get, apt, aptitude, apk, yum, dnf, microdnf, tdnf, zypper]
package gate.rules["no-dist-upgrade"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages

violations contains finding.at(dockerfile.at(use.run), message) if {
	some use in packages.uses
	use.verb in _upgrades[use.manager]
	count(use.names) == 0
	message := sprintf("%s %s upgrades everything", [use.program, use.verb])
}

_upgrades := {
	"apt": {"upgrade", "dist-upgrade", "full-upgrade"},
	"apk": {"upgrade"},
	"yum": {"update", "upgrade"},
	"dnf": {"update", "upgrade", "distro-sync"},
	"zypper": {"update", "up", "dist-upgrade", "dup"},
}
