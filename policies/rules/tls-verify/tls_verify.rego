# METADATA
# title: Certificates are not checked
# description: >-
#   Without checking certificates a download is whatever the network says it is, and it is built into the image.
#   A setting that stays in the environment turns the check off at run time as well.
# related_resources:
# - ref: https://curl.se/docs/sslcerts.html
#   description: curl, SSL CA certificates
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove the switch; for a private authority, install its certificate with `update-ca-certificates` or name it with the tool's CA option."
#   aliases: [CKV2_DOCKER_2, CKV2_DOCKER_3, CKV2_DOCKER_4, CKV2_DOCKER_5, CKV2_DOCKER_6, CKV2_DOCKER_12, CKV2_DOCKER_13, CKV2_DOCKER_14, CKV2_DOCKER_15, CKV2_DOCKER_16]
#   controls: [NIST SP 800-190 4.1.5]
#   since: "0.1"
package gate.rules["tls-verify"]

import data.gate.lib.certificates
import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(call.run), message) if {
	some program, calls in commands.by_program
	switches := certificates.switches[program]
	some call in calls
	said := replace(lower(concat(" ", call.command.args)), "=", " ")
	some switch in switches
	contains(said, switch)
	message := sprintf("%s is called with %s", [program, _written(call, switch)])
}

violations contains finding.at(dockerfile.at(call.run), "curl is called with -k or --insecure") if {
	some call in commands.of("curl")
	some arg in call.command.args
	regex.match(`^(--(proxy-|doh-)?insecure$|-[^-AbcCdDeEFhHKmoPQrtTuUwxXyYz]*k)`, arg)
	not contains(concat(" ", call.command.args), "://localhost")
}

violations contains finding.at(dockerfile.at(each.instruction), sprintf("%s is set to %s", [name, value])) if {
	some each in array.concat(instructions.of("ENV"), instructions.of("ARG"))
	some [name, value] in each.instruction.pairs
	is_string(value)
	certificates.unchecked(name, value)
}

violations contains finding.at(dockerfile.at(call.run), sprintf("%s is set to %s", [name, value])) if {
	some call in commands.calls
	some name, value in call.command.env
	certificates.unchecked(name, value)
}

violations contains finding.at(dockerfile.at(call.run), sprintf("%s is exported", [arg])) if {
	some call in commands.of("export")
	some arg in call.command.args
	[name, value] := split(arg, "=")
	certificates.unchecked(name, value)
}

# wget takes any beginning of its switch that means one thing.
_written(call, switch) := arg if {
	arg := [one | some one in call.command.args; startswith(one, switch)][0]
} else := switch
