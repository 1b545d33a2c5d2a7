# METADATA
# title: No user is set
# description: The last stage runs as whoever its base image says.
# scope: package
# schemas:
# - input: schema["dockerfile"]
# related_resources:
# - https://docs.docker.com/build/building/best-practices/#user
# custom:
#   id: USER-001
#   avd_id: AVD-USER-0001
#   severity: HIGH
#   short_code: set-a-user
#   recommended_action: Add a USER line.
#   input:
#     selector:
#     - type: dockerfile
package builtin.dockerfile.USER001

import rego.v1

last := input.Stages[count(input.Stages) - 1]

users := [command | some command in last.Commands; command.Cmd == "user"]

deny contains res if {
	count(users) == 0
	res := result.new(sprintf("stage '%s' sets no USER", [last.Name]), last.Commands[0])
}

deny contains res if {
	last_user := users[count(users) - 1]
	last_user.Value[0] in {"root", "0"}
	res := result.new(sprintf("the last USER is %s", [last_user.Value[0]]), last_user)
}
