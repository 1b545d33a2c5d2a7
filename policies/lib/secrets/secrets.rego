# METADATA
# title: Secrets
# description: Names and values that look like secrets, files of credentials that are copied, and logins in a build.
package gate.lib.secrets

import data.gate.lib.commands
import data.gate.lib.files

# METADATA
# description: Whether a variable is called what secrets are called.
named(name) if {
	not name in _files
	regex.match(`(?i)(^|_)(api_?key|access_?key|private_?key|secret_?key|auth|credentials?|pass|passwd|password|pword|pwd|secret|token|key|access_key_id)s?$`, name)
	not regex.match(`(?i)(^|_)(public|pub|gpg|pgp|signing|apt|host|primary|foreign|cache|max|no|allow|empty)(_|$)`, name)
}

# METADATA
# description: Whether a value is a secret by its form.
token(value) if {
	is_string(value)
	regex.match(`AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|glpat-[A-Za-z0-9_-]{20}|xox[baprs]-[0-9A-Za-z-]{10}|sk_live_[0-9A-Za-z]{16}|npm_[A-Za-z0-9]{36}|-----BEGIN [A-Z ]*PRIVATE KEY|://[^/:@ $]+:[^/@ ${}]{3,}@`, value)
}

# METADATA
# description: Whether a pair of ENV or ARG may hold a secret. An ARG without a value waits for one; switches, numbers, paths and addresses are none.
held(instruction, pair) if {
	instruction.cmd == "ARG"
	pair[1] == null
}

held(_, pair) if {
	is_string(pair[1])
	pair[1] != ""
	not regex.match(`(?i)^(true|false|yes|no|on|off|none|null|basic|[0-9]{1,5}|[./~].*|https?://.*)$`, pair[1])
}

held(instruction, pair) if {
	pair[1] == ""
	instruction.cmd == "ENV"
	_computed(instruction, pair[0])
}

# What is empty only because a variable is.
_computed(instruction, _) if {
	count(instruction.pairs) == 1
	contains(instruction.raw, "$")
}

_computed(instruction, name) if {
	some index, part in split(instruction.raw, sprintf("%s=", [name]))
	index > 0
	regex.match(`^[^ \t]*\$`, part)
}

# Variables that name a file of credentials.
_files := {"GOOGLE_APPLICATION_CREDENTIALS", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "HF_TOKEN_PATH"}

# METADATA
# description: The copies from the build context that bring the file of credentials which a pair of ENV or ARG names.
copied(pair) := [copy |
	pair[0] in _files
	is_string(pair[1])
	some copy in files.copies
	copy.context
	_brings(copy, pair[1])
]

_brings(copy, path) if {
	copy.instruction.args[count(copy.instruction.args) - 1] in {".", "./"}
	not startswith(path, "/")
}

# A relative path starts at the working directory, or at the root.
_brings(copy, path) if {
	is_string(copy.target)
	copy.target != "/"
	some stage in input.evidence.dockerfile.stages
	stage.index == copy.stage
	some folder in ["/", files.workdir(stage, copy.instruction.line)]
	is_string(folder)
	files.within(files.absolute(path, folder), copy.target)
}

# METADATA
# description: Commands that log an account in and keep what it needs in files, the `call` and its `text`.
logins := [{"call": call, "text": sprintf("%s %s", [program, text])} |
	some program, words in {
		"aws": ["configure set aws_access_key_id", "configure set aws_secret_access_key", "configure set aws_session_token"],
		"gcloud": ["auth activate-service-account"],
		"doctl": ["auth init -t", "auth init --access-token"],
	}
	some call in commands.of(program)
	some text in words
	contains(concat(" ", call.command.args), text)
]
