# METADATA
# title: A volume or working directory lies over the system
# description: >-
#   A volume on a system directory hides or shares what the system needs there, and what is written to it
#   outlives the container; /proc, /sys and /dev are the kernel's.
# related_resources:
# - ref: https://docs.docker.com/reference/dockerfile/
#   description: Dockerfile reference
# custom:
#   severity: high
#   collection: recommended
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: "Keep data in a directory of its own, for example `VOLUME /var/lib/app`."
#   aliases: [DS-0030, DKL-DI-0002]
#   controls: [CIS Docker 5.5]
#   since: "0.1"
#   only_with: [VOLUME, WORKDIR]
package gate.rules["sensitive-mount"]

import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.instructions

violations contains finding.at(dockerfile.at(each.instruction), sprintf("%s %s: %s", [cmd, path, reason])) if {
	some cmd, reasons in {"VOLUME": _volume, "WORKDIR": _kernel}
	some each in instructions.shipped(cmd)
	some path in each.instruction.args
	some reason, pattern in reasons
	regex.match(pattern, path)
	not startswith(path, "/dev/shm")
}

_kernel := {"this is a directory of the kernel": `^/(proc|sys|dev)(/|$)`}

_volume := object.union(_kernel, {
	"this is a directory of the system": `^/((etc|boot|bin|sbin|lib|lib64|usr|usr/bin|usr/sbin|usr/lib|var/run|run)/?)?$`,
	"this is the container engine's socket": `docker\.sock$`,
})
