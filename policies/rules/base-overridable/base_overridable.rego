# METADATA
# title: A build argument can replace an image the build uses
# description: >-
#   `--build-arg` replaces the default of an ARG without a trace in the Dockerfile: what was judged here is then not
#   what is built. A tag alone is enough to swap a distroless image for its debug variant.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/#understand-how-arg-and-from-interact
#   description: Docker, how ARG and FROM interact
# custom:
#   severity: medium
#   collection: essential
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Write the image in the FROM line itself.
#   aliases: []
#   controls: [CIS Docker 4.2]
#   since: "0.1"
package gate.rules["base-overridable"]

import data.gate.lib.dockerfile
import data.gate.lib.finding

violations contains finding.with_fix(finding.at(dockerfile.at(one), message), fix) if {
	some one in dockerfile.inputs
	count(one.overridable_by) > 0
	names := sort(one.overridable_by)
	message := sprintf("the build argument %s can replace %s", [concat(", ", names), one.reference])
	fix := sprintf("Write %s in the line itself, without $%s.", [one.reference, names[0]])
}
