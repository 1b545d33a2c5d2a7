# METADATA
# title: Programs start without a shell
# custom:
#   input: trivy
package user.exec_form

deny[res] {
	command := input.Stages[_].Commands[_]
	command.Cmd == "entrypoint"
	not command.JSON
	res := result.new("ENTRYPOINT is started by a shell", command)
}

deny[msg] {
	count(input.Stages) > 3
	msg := sprintf("%d stages", [count(input.Stages)])
}
