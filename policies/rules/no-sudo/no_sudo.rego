# METADATA
# title: A command runs through sudo
# description: >-
#   sudo needs a set-user-ID program in the image, which any process can try to misuse; in a build it changes
#   nothing, because a RUN is root until USER says otherwise.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove sudo; put `USER root` before the RUN that needs it and the numeric USER after it."
#   aliases: [DL3004, DS-0010, CKV2_DOCKER_1, DKL-DI-0001, kics/run_using_sudo, dockerfilelint/sudo_usage]
#   controls: [CIS Docker 4.8]
#   since: "0.1"
#   only_with: [sudo, apt-get, apt, aptitude, apk, yum, dnf, microdnf, tdnf, zypper, pip, pip3, python*, npm, gem, go]
package gate.rules["no-sudo"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages

violations contains finding.at(dockerfile.at(call.run), "sudo is called") if {
	some call in commands.calls
	"sudo" in call.command.wrappers
}

violations contains finding.at(dockerfile.at(call.run), "sudo is called") if {
	some call in commands.of("sudo")
}

violations contains finding.at(dockerfile.at(use.run), "sudo is installed") if {
	some use in packages.installs
	use.ships
	some name in use.names
	split(split(name, "=")[0], ":")[0] == "sudo"
}
