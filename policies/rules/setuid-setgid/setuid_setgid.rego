# METADATA
# title: A program is made set-user-ID
# description: >-
#   A set-user-ID program runs as its owner, mostly root, whoever starts it: the first thing to look for in a
#   container that was broken into.
# related_resources:
# - ref: https://man7.org/linux/man-pages/man1/chmod.1.html
#   description: chmod
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Remove the bit (`chmod u-s`), and give the program the one capability it needs."
#   aliases: [CIS-DI-0008]
#   controls: [CIS Docker 4.8 (set-user-ID)]
#   since: "0.1"
#   only_with: [chmod, --chmod, install]
package gate.rules["setuid-setgid"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(call.run), message) if {
	some call in commands.of("chmod")
	call.ships
	words := [arg | some arg in call.command.args; not regex.match(`^-(-|[Rvcf]+$)`, arg)]
	mode := words[0]
	regex.match(`^0?[4-7][0-7]{3}$|(^|,)(u|ug|gu|a|ugo)?\+[rwxXt]*s`, mode)
	not _folders_only(call, array.slice(words, 1, count(words)))
	message := sprintf("chmod %s makes a program set-user-ID", [mode])
}

violations contains finding.at(dockerfile.at(call.run), message) if {
	some call in commands.of("install")
	call.ships
	regex.match(`(^| )(-[A-Za-z]*m ?|--mode[= ])0?[4-7][0-7]{3}( |$)`, concat(" ", call.command.args))
	message := "install makes a program set-user-ID"
}

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.copies
	copy.ships
	mode := files.flag(copy.instruction, "--chmod")
	regex.match(`^0?[2-7][0-7]{3}$|(^|,)[ugoa]*\+[rwxXt]*s`, mode)
	message := sprintf("--chmod=%s makes files set-user-ID or set-group-ID", [mode])
}

# On a folder the bits only say who owns what is made in it.
_folders_only(call, paths) if {
	count(paths) > 0
	not commands.has_flag(call.command, {"-R", "--recursive"})
	every path in paths {
		_folder(path)
	}
}

_folder(path) if endswith(path, "/")

_folder(path) if path in _made

_made contains path if {
	some call in commands.of("mkdir")
	some path in commands.operands(call.command)
}

_made contains path if {
	some path in [
		"/etc", "/home", "/media", "/mnt", "/opt", "/run", "/srv", "/tmp", "/usr", "/usr/local", "/usr/local/bin",
		"/usr/local/lib", "/usr/local/share", "/usr/share", "/usr/src", "/var", "/var/cache", "/var/lib", "/var/log",
		"/var/tmp", "/var/www",
	]
}
