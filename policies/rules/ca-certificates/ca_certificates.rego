# METADATA
# title: An image from scratch has no CA certificates
# description: >-
#   scratch holds no certificates of authorities, so that no TLS connection of the program can be verified:
#   every call of another service over HTTPS fails. A program that makes none does not need them.
# related_resources:
# - ref: https://pkg.go.dev/crypto/x509#SystemCertPool
#   description: "Go, where certificates are looked for"
# custom:
#   severity: info
#   collection: strict
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Add `COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/`, or ship on `gcr.io/distroless/static-debian12:nonroot`."
#   aliases: []
#   controls: []
#   since: "0.1"
#   only_with: [go, cargo, gcc, cc, g++, c++, clang, clang++]
package gate.rules["ca-certificates"]

import data.gate.lib.builds
import data.gate.lib.commands
import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.lines(target.line, target.line), "nothing brings CA certificates: TLS connections of the program cannot be verified") if {
	target := dockerfile.target
	some root in input.evidence.dockerfile.stages
	root.index in commands.shipped
	root.base.reference == "scratch"
	some found in builds.shipped
	found.stage in commands.shipped
	not _has_certificates
}

_has_certificates if {
	some copy in files.copies
	copy.ships
	some path in array.concat(copy.sources, [copy.target])
	_brings(path)
}

_has_certificates if {
	some stage in input.evidence.dockerfile.stages
	stage.index in commands.shipped
	some name in ["SSL_CERT_FILE", "SSL_CERT_DIR"]
	stage.config.env[name]
}

_brings(path) if regex.match(`(?i)cert|\.(crt|pem)$|/ssl|/pki|/rootfs|\.tar`, path)

# Whole file systems, and folders above the certificates.
_brings(path) if path in {"/", "/etc", "/etc/", "/usr", "/usr/"}
