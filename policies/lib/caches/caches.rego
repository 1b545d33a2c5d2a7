# METADATA
# title: Caches of package managers
# description: >-
#   What the package managers of distributions leave behind, and whether a use of one (as in `gate.lib.packages`) keeps
#   it out of the image.
package gate.lib.caches

import data.gate.lib.commands

# METADATA
# description: >-
#   By manager: `what` stays, in which `folders`, the `flags` that leave nothing, the commands that are `cleans`, and a
#   `fix` to write.
of := {
	"apt": {
		"what": "package lists in /var/lib/apt/lists",
		"folders": ["/var/lib/apt/lists"],
		"flags": set(),
		"cleans": [],
		"fix": "End this RUN with `&& rm -rf /var/lib/apt/lists/*`.",
	},
	"apk": {
		"what": "an index in /var/cache/apk",
		"folders": ["/var/cache/apk"],
		"flags": {"--no-cache"},
		"cleans": [["apk", "cache", "clean"]],
		"fix": "Use `apk add --no-cache`.",
	},
	"yum": {
		"what": "caches in /var/cache/yum",
		"folders": ["/var/cache/yum", "/var/cache/dnf"],
		"flags": set(),
		"cleans": _dnf_cleans,
		"fix": "End this RUN with `&& yum clean all`.",
	},
	"dnf": {
		"what": "caches in /var/cache/dnf",
		"folders": ["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/tdnf", "/var/cache/yum"],
		"flags": set(),
		"cleans": _dnf_cleans,
		"fix": "End this RUN with `&& dnf clean all`.",
	},
	"zypper": {
		"what": "caches in /var/cache/zypp",
		"folders": ["/var/cache/zypp"],
		"flags": {"--no-refresh"},
		"cleans": [["zypper", "clean"], ["zypper", "cc"]],
		"fix": "End this RUN with `&& zypper clean --all`.",
	},
}

_dnf_cleans := [[program, "clean", "all"] | some program in ["yum", "dnf", "microdnf", "tdnf"]]

# METADATA
# description: >-
#   Whether a use leaves no lists and caches: by a mount, a flag, a command after it in the same RUN, or, as far as can be
#   told, by a script that is computed.
kept_out(use) if {
	some folder in of[use.manager].folders
	commands.mounted(use.run, folder)
}

kept_out(use) if {
	some folder in of[use.manager].folders
	commands.removed({"commands": _after(use)}, folder)
}

# The names of lists have an underscore each; what lies beside them is empty.
kept_out(use) if {
	use.manager == "apt"
	some command in _after(use)
	command.program in {"rm", "/bin/rm"}
	"/var/lib/apt/lists/*_*" in command.args
}

kept_out(use) if commands.has_flag(use.command, of[use.manager].flags)

kept_out(use) if {
	some command in _after(use)
	some words in of[use.manager].cleans
	_same_cache(use.program, words[0])
	array.concat([command.program], array.slice(commands.operands(command), 0, count(words) - 1)) == words
}

# Nobody can tell what a script that is computed removes.
kept_out(use) if {
	some command in use.run.commands
	command.opaque
}

_after(use) := array.slice(use.run.commands, use.position + 1, count(use.run.commands))

# microdnf and tdnf do not empty dnf's cache, nor dnf theirs.
_same_cache(program, other) if {
	some caches in [{"yum", "dnf"}, {"microdnf"}, {"tdnf"}, {"apt-get", "apt", "aptitude"}, {"apk"}, {"zypper"}]
	program in caches
	other in caches
}

# METADATA
# description: >-
#   Whether the archives that a use of apt downloads stay. Images of Debian and Ubuntu delete them, until docker-clean is
#   removed.
downloads_stay(use) if {
	_keeps_downloads(use)
	not commands.mounted(use.run, "/var/cache/apt")
	not commands.mounted(use.run, "/var/cache/apt/archives")
	not _emptied(use)
}

_keeps_downloads(use) if {
	some call in commands.of("rm")
	call.stage == use.stage
	call.run.line <= use.run.line
	some arg in call.command.args
	endswith(arg, "/docker-clean")
}

_emptied(use) if commands.removed({"commands": _after(use)}, "/var/cache/apt/archives")

_emptied(use) if {
	some command in _after(use)
	command.program in {"apt-get", "apt", "aptitude"}
	"clean" in command.args
}

_emptied(use) if {
	some command in use.run.commands
	command.opaque
}
