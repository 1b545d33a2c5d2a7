package gate.lib.filelist_test

import data.gate.lib.filelist

_layer(author) := {"kind": "layer", "digest": "sha256:00", "created_by": author}

_file(path, detail, origin) := {"path": path, "detail": detail, "origin": origin}

_found(files) := {[found.message, found.origin] | some found in filelist.findings(files, "things")}

test_nothing_is_found_in_nothing if _found([]) == set()

test_files_are_told_by_the_layer_that_brought_them if {
	lower := _layer("RUN lower")
	files := [_file("/b", "setuid", lower), _file("/a", null, lower), _file("/c", null, _layer(null)), _file("/d", null, null)]
	_found(files) == {
		["has things: /a, /b (setuid) (in the layer made by: RUN lower)", lower],
		["has things: /c", _layer(null)],
		["has things: /d", null],
	}
}
