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
#   aliases: [DL3064, DS-0031, SecretsUsedInArgOrEnv, kics/passwords_and_secrets, tally/no-secrets-in-arg-or-env]
#   controls: [CIS Docker 4.10]
#   since: "0.1"
#   only_with: [ENV, ARG]
package gate.rules["secret-in-env"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

# Some values are secrets whatever their name.
violations contains finding.at(dockerfile.at(instruction), message) if {
	some [instruction, pair] in _set
	_token(pair[1])
	message := sprintf("the value of %s %s is a secret that everyone who has the image can read", [instruction.cmd, pair[0]])
}

violations contains finding.warning(finding.at(dockerfile.at(instruction), message)) if {
	some [instruction, pair] in _set
	not _token(pair[1])
	regex.match(`(?i)(^|_)(api_?key|access_?key|private_?key|secret_?key|auth|credentials?|pass|passwd|password|pword|pwd|secret|token|key|access_key_id)s?$`, pair[0])
	not regex.match(`(?i)(^|_)(public|pub|gpg|pgp|signing|apt|host|primary|foreign|cache|max|no|allow|empty)(_|$)`, pair[0])
	_holds(instruction, pair)
	message := sprintf("%s %s looks like a secret that everyone who has the image can read", [instruction.cmd, pair[0]])
}

_set contains [instruction, pair] if {
	some stage in input.evidence.dockerfile.stages
	stage.reachable
	some instruction in stage.instructions
	instruction.cmd in {"ENV", "ARG"}
	some pair in instruction.pairs
}

_token(value) if {
	is_string(value)
	regex.match(`AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20}|xox[baprs]-[0-9A-Za-z-]{10}|sk_live_[0-9A-Za-z]{16}|npm_[A-Za-z0-9]{36}|-----BEGIN [A-Z ]*PRIVATE KEY|://[^/:@ $]+:[^/@ ${}]{3,}@`, value)
}

# An ARG without a value waits for one; switches, numbers, paths and addresses are none.
_holds(instruction, pair) if {
	instruction.cmd == "ARG"
	pair[1] == null
}

_holds(_, pair) if {
	is_string(pair[1])
	pair[1] != ""
	not regex.match(`(?i)^(true|false|yes|no|on|off|none|null|basic|[0-9]{1,5}|[./~].*|https?://.*)$`, pair[1])
}

_holds(instruction, pair) if {
	pair[1] == ""
	instruction.cmd == "ENV"
	contains(instruction.raw, "$")
}
