# METADATA
# title: Package managers
# description: >-
#   Installations, whoever makes them: manager, verb, what is installed, and the call. Flags that take a value are
#   told from packages.
package gate.lib.packages

import data.gate.lib.commands

_managers := {
	"apt-get": {"manager": "apt", "values": {"-t", "--target-release", "-o", "--option", "-c", "--config-file", "-a"}},
	"apt": {"manager": "apt", "values": {"-t", "--target-release", "-o", "--option", "-c", "--config-file", "-a"}},
	"aptitude": {"manager": "apt", "values": {"-t", "--target-release", "-o"}},
	"apk": {"manager": "apk", "values": {"-t", "--virtual", "-X", "--repository", "-p", "--root", "--arch", "--keys-dir"}},
	"yum": {"manager": "yum", "values": _dnf_values},
	"dnf": {"manager": "dnf", "values": _dnf_values},
	"microdnf": {"manager": "dnf", "values": _dnf_values},
	"tdnf": {"manager": "dnf", "values": _dnf_values},
	"zypper": {"manager": "zypper", "values": {"-r", "--repo", "--from", "-R", "--root"}},
	"pip": {"manager": "pip", "values": _pip_values},
	"pip3": {"manager": "pip", "values": _pip_values},
	"pip2": {"manager": "pip", "values": _pip_values},
	"pipx": {"manager": "pipx", "values": {"--python", "--pip-args", "--suffix", "-i", "--index-url", "--preinstall"}},
	"npm": {"manager": "npm", "values": {"--prefix", "-C", "--registry", "--loglevel"}},
	"gem": {"manager": "gem", "values": {"-v", "--version", "-i", "--install-dir", "-n", "--bindir", "-s", "--source", "--use-system-libraries"}},
	"go": {"manager": "go", "values": {"-ldflags", "-tags", "-o", "-mod", "-p"}},
}

_dnf_values := {
	"-c", "--config", "-x", "--exclude", "--excludepkgs", "--enablerepo", "--disablerepo", "--repo", "--repoid",
	"--repofrompath", "--installroot", "--releasever", "--setopt", "--forcearch", "--arch", "--comment", "--color",
	"--enableplugin", "--disableplugin", "--disableexcludes", "--downloaddir", "--destdir", "-d", "--debuglevel", "-e",
	"--errorlevel", "--rpmverbosity", "--advisory",
}

_pip_values := {
	"-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-i", "--index-url", "--extra-index-url", "-f",
	"--find-links", "-t", "--target", "--prefix", "--root", "--trusted-host", "--platform", "--python-version",
	"--timeout", "--retries", "--proxy", "--cert", "--cache-dir", "--progress-bar", "--global-option", "--only-binary",
	"--no-binary", "--src", "--upgrade-strategy", "--root-user-action", "--log", "--build-option", "--index",
}

_installing := {
	"apt": {"install", "build-dep", "reinstall"},
	"apk": {"add"},
	"yum": {"install", "localinstall", "groupinstall", "reinstall", "module"},
	"dnf": {"install", "in", "groupinstall", "reinstall", "rei", "module"},
	"zypper": {"install", "in"},
	"pip": {"install"},
	"pipx": {"install"},
	"npm": {"install", "i", "add", "ci"},
	"gem": {"install", "i"},
	"go": {"install", "get", "run"},
}

# METADATA
# description: >-
#   Every call of a package manager: `manager`, `verb` (null where there is none), `names` (what follows the verb and is
#   neither flag nor a flag's value), and the call's own fields.
uses := array.concat(_direct, _python)

_direct := [use |
	some program, spec in _managers
	some call in commands.of(program)
	use := _use(call, spec, call.command.args)
]

# python -m pip is pip.
_python := [use |
	some program, found in commands.by_program
	startswith(program, "python")
	some call in found
	array.slice(call.command.args, 0, 2) == ["-m", "pip"]
	use := _use(call, _managers.pip, array.slice(call.command.args, 2, count(call.command.args)))
]

_use(call, spec, args) := object.union(call, {
	"manager": spec.manager,
	"program": call.command.program,
	"args": args,
	"verb": _verb(words),
	"names": array.slice(words, 1, count(words)),
}) if {
	words := [arg |
		some index, arg in args
		not startswith(arg, "-")
		not _is_value(args, index, spec.values)
	]
}

_is_value(args, index, values) if {
	index > 0
	args[index - 1] in values
}

_verb(words) := words[0] if count(words) > 0

else := null

# METADATA
# description: The uses that install something.
installs := [use |
	some use in uses
	use.verb in _installing[use.manager]
	not _settles_a_module(use)
]

# dnf module enable and the like install nothing.
_settles_a_module(use) if {
	use.verb == "module"
	not array.slice(use.names, 0, 1) == ["install"]
}

# METADATA
# description: The installations of some managers.
by(managers) := [use | some use in installs; use.manager in managers]
