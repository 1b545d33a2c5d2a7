# METADATA
# title: Files of an image
# description: One finding for each thing that brought some files, in words for people.
package gate.lib.filelist

import data.gate.lib.finding
import data.gate.lib.text

# METADATA
# description: A finding for each origin of the files. `what` is what the image has, such as "compilers".
findings(files, what) := {found |
	some origin in {file.origin | some file in files}
	paths := sort({_shown(file) | some file in files; file.origin == origin})
	message := sprintf("has %s: %s%s", [what, text.some_of(paths), _brought_by(origin)])
	found := finding.at(origin, message)
}

_shown(file) := sprintf("%s (%s)", [file.path, file.detail]) if {
	is_string(file.detail)
} else := file.path

_brought_by(origin) := sprintf(" (in the layer made by: %s)", [text.short(origin.created_by)]) if {
	is_string(origin.created_by)
} else := ""
