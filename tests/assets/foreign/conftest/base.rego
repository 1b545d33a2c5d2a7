# METADATA
# title: Images come with a version
# custom:
#   input: conftest
#   severity: HIGH
package main

import rego.v1

stages contains name if {
	some command in input
	command.Cmd == "from"
	count(command.Value) == 3
	name := lower(command.Value[2])
}

deny contains msg if {
	some command in input
	command.Cmd == "from"
	image := command.Value[0]
	not lower(image) in stages
	not contains(image, ":")
	not image == "scratch"
	msg := sprintf("stage %d: %s has no tag", [command.Stage, image])
}

deny_latest contains {"msg": msg, "image": image} if {
	some i
	input[i].Cmd == "from"
	image := input[i].Value[0]
	endswith(image, ":latest")
	msg := sprintf("%s is whatever was pushed last", [image])
}
