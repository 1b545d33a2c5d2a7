# METADATA
# title: Workloads
# description: One container of a workload, as rules about manifests read it.
package gate.lib.workload

# METADATA
# description: Whether the container runs a Linux process; an image volume only holds files.
runs if {
	input.evidence.kind == "container"
	input.evidence.workload.role != "volume"
	not windows
}

# METADATA
# description: Whether it is a Windows container, which knows none of Linux' switches.
windows if input.evidence.workload.windows == true

# METADATA
# description: The securityContext in force, pod and container combined.
security := object.get(input.evidence, ["workload", "security"], {})

# METADATA
# description: The volumes mounted into the container.
mounts := object.get(input.evidence, ["workload", "mounts"], [])

# METADATA
# description: What the kubelet is predicted to refuse.
refusals := object.get(input.evidence, ["workload", "refusals"], [])

# METADATA
# description: The image as the manifest writes it; null where a template leaves it out.
image := object.get(input.evidence, ["workload", "image"], null)

# METADATA
# description: Whether the manifest names the image by digest.
pinned if input.evidence.workload.pinned == true

# METADATA
# description: The imagePullPolicy, or null.
pull_policy := object.get(input.evidence, ["workload", "pull_policy"], null)

# METADATA
# description: Where the container stands in the manifest.
container_origin := object.get(input.evidence, ["workload", "origin"], null)

# METADATA
# description: Where the image stands in the manifest.
image_origin := object.get(input.evidence, ["workload", "image_origin"], null)
