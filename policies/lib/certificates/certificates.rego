# METADATA
# title: Certificates
# description: How programs are told not to check the certificates of servers.
package gate.lib.certificates

# METADATA
# description: >-
#   By program: what its arguments say, in lower case and with blanks for `=`. Bundled letters, such as those of curl, are
#   not among them.
switches := {
	"wget": ["--no-check-cert"],
	"pip": ["--trusted-host", "global.trusted-host"],
	"pip3": ["--trusted-host", "global.trusted-host"],
	"python": ["--trusted-host"],
	"python3": ["--trusted-host"],
	"npm": _node,
	"yarn": _node,
	"pnpm": _node,
	"git": ["http.sslverify false", "http.sslverify 0"],
	"yum": _sslverify,
	"dnf": _sslverify,
	"microdnf": _sslverify,
	"yum-config-manager": _sslverify,
	"dnf-config-manager": _sslverify,
	"apt-get": ["verify-peer false", "verify-host false"],
	"conda": ["ssl_verify false"],
	"composer": ["disable-tls true"],
}

_node := ["set strict-ssl false", "--strict-ssl false", "--no-strict-ssl", "enablestrictssl false"]

_sslverify := ["sslverify false", "sslverify 0", "sslverify no"]

# METADATA
# description: Whether a variable of the environment, by its value, turns the check off.
unchecked(name, value) if {
	lower(value) in {"0", "false", "no"}
	upper(name) in {
		"PYTHONHTTPSVERIFY",
		"NODE_TLS_REJECT_UNAUTHORIZED",
		"NPM_CONFIG_STRICT_SSL",
		"YARN_ENABLE_STRICT_SSL",
	}
}

unchecked("PIP_TRUSTED_HOST", value) if value != ""

# Git looks whether it is set, not at its value.
unchecked(name, _) if name == "GIT_SSL_NO_VERIFY"
