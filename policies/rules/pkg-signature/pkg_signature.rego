# METADATA
# title: Packages are installed without checking signatures
# description: >-
#   A package manager trusts its repositories because it checks who signed them. With the check off, whoever can
#   answer for a mirror decides what is installed, as root.
# related_resources:
# - ref: https://wiki.debian.org/SecureApt
#   description: Debian, SecureApt
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove the switch; install the repository's key and, for apt, name it with `signed-by`."
#   aliases: [CKV2_DOCKER_7, CKV2_DOCKER_8, CKV2_DOCKER_9, CKV2_DOCKER_10, CKV2_DOCKER_11, CIS-DI-0011]
#   controls: [CIS Docker 4.11, NIST SP 800-190 4.1.5]
#   since: "0.1"
#   only_with: [apt-get, apt, aptitude, apk, yum, dnf, microdnf, tdnf, zypper, rpm, echo, printf, add-apt-repository]
package gate.rules["pkg-signature"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), sprintf("%s is called with %s", [program, trim_space(switch)])) if {
	some program, switches in _switches
	some call in commands.of(program)
	said := replace(lower(concat(" ", call.command.args)), "=", " ")
	some switch in switches
	contains(sprintf(" %s ", [said]), sprintf("%s ", [switch]))
}

violations contains finding.at(dockerfile.at(call.run), "a package source is trusted without a signature") if {
	some program in ["echo", "printf", "add-apt-repository"]
	some call in commands.of(program)
	some arg in call.command.args
	regex.match(`\[([^\]]* )?trusted=yes`, arg)
	not regex.match(`\] *file:`, arg)
}

_switches := {
	"apk": [" --allow-untrusted"],
	"apt-get": _apt,
	"apt": _apt,
	"yum": _rpm,
	"dnf": _rpm,
	"microdnf": _rpm,
	"tdnf": _rpm,
	"rpm": [" --nosignature", " --nodigest", " --nofiledigest", " --noverify", " --nogpg"],
	"zypper": [" --no-gpg-checks", " --allow-unsigned-rpm"],
}

_apt := [
	" --allow-unauthenticated",
	" --force-yes",
	" --allow-insecure-repositories",
	"allowunauthenticated true",
	"allowunauthenticated 1",
	"allowinsecurerepositories true",
]

_rpm := [" --nogpgcheck", " --nogpgchecks", " --no-gpgchecks", "gpgcheck 0", "gpgcheck false"]
