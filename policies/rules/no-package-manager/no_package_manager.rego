# METADATA
# title: The image has a package manager
# description: >-
#   With a package manager an intruder installs what is missing, and its database and caches make the image larger. What
#   runs needs none: packages change by building again.
# related_resources:
# - ref: https://github.com/GoogleContainerTools/distroless
#   description: Distroless images
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [image, container]
#   needs: [filesystem]
#   fix: Install in one stage, and copy what runs into scratch or a distroless image in the last.
#   aliases: []
#   controls: [CIS Docker 4.3, NIST SP 800-190 4.1.1]
#   since: "0.1"
#   parameters:
#     allowed:
#       type: strings
#       description: Paths or names of package managers that may stay.
package gate.rules["no-package-manager"]

import data.gate.lib.filelist

_allowed(path) if {
	some name in input.parameters["no-package-manager"].allowed
	name in {path, array.reverse(split(path, "/"))[0]}
}

violations contains found if {
	files := [file | some file in input.evidence.facts.filesystem.package_managers; not _allowed(file.path)]
	some found in filelist.findings(files, "package managers")
}
