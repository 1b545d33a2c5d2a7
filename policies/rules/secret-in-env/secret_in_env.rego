# METADATA
# title: A secret in ARG or ENV
# description: >-
#   ENV is part of the config of the image, ARG of its history: whoever can pull the image reads both with
#   `docker inspect` or `docker history`. Removing the variable later changes nothing.
# related_resources:
# - ref: https://docs.docker.com/build/building/secrets/
#   description: "Docker, build secrets"
# - ref: https://docs.docker.com/reference/build-checks/secrets-used-in-arg-or-env/
#   description: "Docker, build checks"
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Give it to the RUN that needs it with `--mount=type=secret`, and to the program when it starts."
#   aliases: [DL3064, DS-0031, SecretsUsedInArgOrEnv, kics/passwords_and_secrets, tally/no-secrets-in-arg-or-env, CIS-DI-0010]
#   controls: [CIS Docker 4.10]
#   since: "0.1"
#   only_with: [ENV, ARG, aws, gcloud, doctl]
package gate.rules["secret-in-env"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.secrets

# Some values are secrets whatever their name.
violations contains finding.at(dockerfile.at(instruction), message) if {
	some [instruction, pair] in _set
	secrets.token(pair[1])
	message := sprintf("the value of %s %s is a secret that everyone who has the image can read", [instruction.cmd, pair[0]])
}

violations contains finding.warning(finding.at(dockerfile.at(instruction), message)) if {
	some [instruction, pair] in _set
	not secrets.token(pair[1])
	secrets.named(pair[0])
	secrets.held(instruction, pair)
	message := sprintf("%s %s looks like a secret that everyone who has the image can read", [instruction.cmd, pair[0]])
}

# An ARG before the first FROM is in no image; what a build passes to it is in the build's records.
violations contains finding.warning(finding.at(dockerfile.at(argument), message)) if {
	some argument in input.evidence.dockerfile.arguments
	argument.cmd == "ARG"
	some pair in argument.pairs
	secrets.named(pair[0])
	secrets.held(argument, pair)
	message := sprintf("ARG %s looks like a secret; the build's records hold what is passed to it", [pair[0]])
}

violations contains finding.warning(finding.at(dockerfile.at(each), message)) if {
	some [each, pair] in _set
	some copy in secrets.copied(pair)
	message := sprintf("%s names a file that %s on line %d brings into the image", [pair[0], copy.instruction.cmd, copy.instruction.line])
}

violations contains finding.warning(finding.at(dockerfile.at(login.call.run), message)) if {
	some login in secrets.logins
	login.call.ships
	not _mounts_a_secret(login.call.run)
	message := sprintf("%s leaves its credentials in the layer", [login.text])
}

_mounts_a_secret(run) if {
	some mount in run.mounts
	mount.type == "secret"
}

_set := [[instruction, pair] |
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	some instruction in stage.instructions
	instruction.cmd in {"ENV", "ARG"}
	some pair in instruction.pairs
]
