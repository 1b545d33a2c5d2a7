# METADATA
# title: Rego as it was before version 1
# custom:
#   input: conftest
package legacy

secret_words = ["secret", "password", "token"]

names(command) = found {
	found := {lower(command.Value[i]) | i % 3 == 0; command.Value[i]}
}

deny[msg] {
	command := input[_]
	command.Cmd == "env"
	name := names(command)[_]
	contains(name, secret_words[_])
	msg := sprintf("%s may be a secret", [name])
}

warn[msg] {
	command := input[_]
	command.Cmd == "add"
	msg = sprintf("ADD %s: COPY would do", [concat(" ", command.Value)])
}
