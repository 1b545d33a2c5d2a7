# METADATA
# title: A file with secrets is copied
# description: >-
#   What a layer holds can be read by everyone who can pull it, even when a later layer deletes the file.
#   Private keys also stay in the cache of the builder.
# related_resources:
# - ref: https://docs.docker.com/build/building/secrets/
#   description: "Docker, build secrets"
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   only_with: [COPY, ADD]
#   fix: "Mount it where it is needed, `RUN --mount=type=secret,id=...`, and list it in .dockerignore."
#   aliases: [tally/require-secret-mounts]
#   controls: [CIS Docker 4.10]
#   since: "0.1"
package gate.rules["secret-file-copied"]

import data.gate.lib.dockerfile
import data.gate.lib.files
import data.gate.lib.finding

violations contains finding.at(dockerfile.at(copy.instruction), message) if {
	some copy in files.copies
	copy.context
	some source in copy.sources
	_secret(lower(trim_suffix(source, "/")), copy)
	message := sprintf("%s usually holds secrets", [source])
}

# Private keys harm in any stage.
_secret(path, _) if files.name(path) in {"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".git-credentials", ".netrc", ".ssh", ".pypirc", ".vault-token", ".aws", ".gnupg", "kubeconfig"}

_secret(path, _) if regex.match(`(^|/)(\.aws/credentials|\.docker/config\.json|\.kube/config|\.dockercfg)$|(^|[/_.-])(private|server|tls|ssl|client)[^/]*\.key$|\.(p12|pfx|ppk|keystore)$`, path)

# These may only hold settings, which the build needs.
_secret(path, copy) if {
	copy.ships
	files.name(path) in {".env", ".npmrc", ".yarnrc.yml", ".htpasswd", "credentials.json", "secrets.yml", "secrets.yaml", "secrets.json", "service-account.json", "terraform.tfvars"}
}

_secret(path, copy) if {
	copy.ships
	regex.match(`(^|/)\.env\.(local|prod|production|staging|secret|development|dev)$`, path)
}
