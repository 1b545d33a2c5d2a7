# METADATA
# title: Build packages of apk are removed one by one
# description: >-
#   Packages that are only needed during a RUN can be given one name when they are added, and be removed by it:
#   then none is forgotten.
# related_resources:
# - ref: https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper
#   description: Alpine, package keeper
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Write `apk add --no-cache --virtual .build-deps gcc make` and, at the end, `apk del .build-deps`."
#   aliases: [dockerfilelint/apkadd-missing-virtual]
#   controls: []
#   since: "0.1"
#   only_with: [apk]
package gate.rules["apk-virtual"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages
import data.gate.lib.text

violations contains finding.at(dockerfile.at(use.run), message) if {
	some use in packages.by({"apk"})
	use.ships
	not commands.has_flag(use.command, {"-t", "--virtual"})
	removed := {name |
		some command in use.run.commands
		command.program == "apk"
		some name in commands.operands(command)
		"del" in command.args
	}
	again := [name | some name in use.names; name in removed]
	count(again) > 0
	message := sprintf("this RUN adds and removes %s by name", [text.some_of(again)])
}
