# METADATA
# title: Packages without a version of their list
# custom:
#   id: USER-002
#   severity: low
#   input: trivy
package user.dockerfile.run

import data.lib.commands

import rego.v1

deny contains res if {
	some run in commands.named("run")
	text := concat(" ", run.Value)
	contains(text, "apt-get install")
	not contains(text, "apt-get update")
	res := result.new(sprintf("%s installs from an old list: %s", [run.Path, run.Original]), run)
}

deny contains res if {
	some run in commands.named("run")
	run.StartLine != run.EndLine
	count(run.Value) == 1
	contains(run.Value[0], "curl")
	contains(run.Value[0], "| sh")
	res := {"msg": "pipes into a shell", "startline": run.StartLine, "endline": run.EndLine}
}

warn contains res if {
	some command in commands.named("onbuild")
	res := result.new(sprintf("ONBUILD %s is a surprise", [command.SubCmd]), command)
}
