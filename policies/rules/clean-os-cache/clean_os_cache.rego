# METADATA
# title: Package lists or caches stay in the image
# description: >-
#   The package manager keeps lists and archives that nothing reads at run time, often tens of megabytes. They
#   must go in the RUN that made them: a later layer only hides them. Cache mounts keep them out altogether.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/
#   description: Docker, building best practices
# custom:
#   severity: low
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "End the RUN with `rm -rf /var/lib/apt/lists/*`, use `apk add --no-cache`, or mount the folder as a cache."
#   aliases: [DL3009, DL3019, DL3032, DL3036, DL3040, DS-0015, DS-0019, DS-0020, DS-0025, DS-0027, DKL-DI-0004, DKL-DI-0005, kics/apt_get_install_lists_were_not_deleted, kics/apk_add_using_local_cache_path, kics/yum_clean_all_missing, kics/missing_dnf_clean_all, kics/missing_zypper_clean, dockerfilelint/apkadd-missing_nocache_or_updaterm, dockerfilelint/apt-get_missing_rm]
#   controls: [NIST SP 800-190 4.1.2]
#   since: "0.1"
#   only_with: [apt-get, apt, aptitude, apk, yum, dnf, microdnf, tdnf, zypper]
package gate.rules["clean-os-cache"]

import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages

violations contains finding.with_fix(finding.at(dockerfile.at(use.run), message), spec.fix) if {
	some use in array.concat(packages.installs, _upgrades)
	use.ships
	spec := _caches[use.manager]
	not _kept_out(use, spec)
	message := sprintf("%s %s leaves %s in the image", [use.program, use.verb, spec.what])
}

# Images of Debian and Ubuntu delete what apt downloads, until docker-clean is removed.
violations contains finding.with_fix(finding.at(dockerfile.at(use.run), message), fix) if {
	some use in packages.by({"apt"})
	use.ships
	_keeps_downloads(use)
	not commands.mounted(use.run, "/var/cache/apt")
	not commands.mounted(use.run, "/var/cache/apt/archives")
	not _emptied(use)
	message := sprintf("%s %s leaves packages in /var/cache/apt/archives in the image", [use.program, use.verb])
	fix := "Mount it: `RUN --mount=type=cache,target=/var/cache/apt,sharing=locked`."
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

_upgrades := [use |
	some use in packages.uses
	use.manager in {"yum", "dnf", "zypper"}
	use.verb in {"upgrade", "update", "up", "upgrade-minimal", "up-min", "distro-sync", "dist-upgrade", "dup", "patch"}
]

_caches := {
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
		"folders": ["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"],
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

_kept_out(use, spec) if {
	some folder in spec.folders
	commands.mounted(use.run, folder)
}

_kept_out(use, spec) if {
	some folder in spec.folders
	commands.removed({"commands": _after(use)}, folder)
}

_kept_out(use, spec) if commands.has_flag(use.command, spec.flags)

_kept_out(use, spec) if {
	some command in _after(use)
	some words in spec.cleans
	_same_cache(use.program, words[0])
	array.concat([command.program], array.slice(commands.operands(command), 0, count(words) - 1)) == words
}

# microdnf and tdnf do not empty dnf's cache, nor dnf theirs.
_same_cache(program, other) if {
	some caches in [{"yum", "dnf"}, {"microdnf"}, {"tdnf"}, {"apt-get", "apt", "aptitude"}, {"apk"}, {"zypper"}]
	program in caches
	other in caches
}

# Nobody can tell what a script that is computed removes.
_kept_out(use, _) if {
	some command in use.run.commands
	command.opaque
}

_after(use) := array.slice(use.run.commands, use.position + 1, count(use.run.commands))
