# METADATA
# title: Files give more rights than their caller has
# description: >-
#   A set-user-ID program, one with file capabilities, or a device that can be opened makes whoever gets into the
#   container more than the user it runs as; a directory on PATH that all may write to lets them replace a command.
# related_resources:
# - ref: https://man7.org/linux/man-pages/man7/capabilities.7.html
#   description: capabilities(7)
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [image, container]
#   needs: [filesystem]
#   fix: "Remove the bits in the last stage (`RUN chmod a-s FILE`), or build on a base without such programs."
#   aliases: []
#   controls: [CIS Docker 4.8, NIST SP 800-190 4.1.2]
#   since: "0.1"
#   parameters:
#     allowed:
#       type: strings
#       description: Paths that may give rights.
package gate.rules["no-setuid"]

import data.gate.lib.filelist

_facts := input.evidence.facts.filesystem

_allowed := {path | some path in input.parameters["no-setuid"].allowed}

violations contains found if {
	some found in filelist.findings([file | some file in _facts.setuid; not file.path in _allowed], "files that give rights")
}

violations contains found if {
	files := [file | some file in _facts.world_writable; not file.path in _allowed]
	some found in filelist.findings(files, "directories that all may write to")
}
