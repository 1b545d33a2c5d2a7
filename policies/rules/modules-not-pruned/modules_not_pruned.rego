# METADATA
# title: Modules of Node.js ship with development dependencies
# description: >-
#   The builder needs TypeScript, bundlers and test tools; the image does not. node_modules copied from a stage
#   that installed everything, and never pruned it, is most of the size of many Node.js images, and most of
#   their vulnerabilities.
# related_resources:
# - ref: https://docs.npmjs.com/cli/commands/npm-prune
#   description: npm prune
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Run `npm prune --omit=dev` after the build, or copy from a stage that ran `npm ci --omit=dev`."
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [npm, yarn, pnpm]
package gate.rules["modules-not-pruned"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding
import data.gate.lib.languages

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.between
	copy.ships
	some source in copy.sources
	files.name(source) == "node_modules"
	some install in languages.node_installs
	install.call.stage in files.chain[copy.from]
	install.everything
	install.folder == trim_suffix(files.absolute(source, "/"), "/node_modules")
	not _pruned(copy.from, install)
	not _replaced(copy.from, install)
	message := sprintf("%s comes from `%s`, which installs development dependencies, and nothing prunes them", [source, install.text])
}

_pruned(index, install) if {
	some call in commands.calls
	call.stage in files.chain[index]
	call.command.program in {"npm", "pnpm", "yarn"}
	some arg in call.command.args
	arg in {"prune", "autoclean", "focus"}
	call.run.line >= install.call.run.line
}

_pruned(index, _) if {
	some call in commands.calls
	call.stage in files.chain[index]
	some word in array.concat([call.command.program], call.command.args)
	word in {"node-prune", "npm-prune", "clean-modules", "modclean"}
}

# Another installation there came later and decides.
_replaced(index, install) if {
	some other in languages.node_installs
	other.call.stage in files.chain[index]
	other.order > install.order
	not other.everything
}
