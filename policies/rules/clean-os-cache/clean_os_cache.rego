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

import data.gate.lib.caches
import data.gate.lib.dockerfile
import data.gate.lib.finding
import data.gate.lib.packages

violations contains finding.with_fix(finding.at(dockerfile.at(use.run), message), _of_program(use.program, spec.fix)) if {
	some use in array.concat(packages.installs, _upgrades)
	use.ships
	spec := caches.of[use.manager]
	not caches.kept_out(use)
	message := sprintf("%s %s leaves %s in the image", [use.program, use.verb, _of_program(use.program, spec.what)])
}

violations contains finding.with_fix(finding.at(dockerfile.at(use.run), message), fix) if {
	some use in packages.by({"apt"})
	use.ships
	caches.downloads_stay(use)
	message := sprintf("%s %s leaves packages in /var/cache/apt/archives in the image", [use.program, use.verb])
	fix := "Mount it: `RUN --mount=type=cache,target=/var/cache/apt,sharing=locked`."
}

_upgrades := [use |
	some use in packages.uses
	use.manager in {"yum", "dnf", "zypper"}
	use.verb in {"upgrade", "update", "up", "upgrade-minimal", "up-min", "distro-sync", "dist-upgrade", "dup", "patch"}
]

# They stand for dnf, and clean what is theirs only.
_of_program(program, text) := replace(text, "dnf", "tdnf") if program == "tdnf"

else := replace(text, "dnf clean", "microdnf clean") if program == "microdnf"

else := text
