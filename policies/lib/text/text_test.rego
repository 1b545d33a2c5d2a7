package gate.lib.text_test

import data.gate.lib.text

test_bytes if {
	got := [text.bytes(n) | some n in [0, 999, 1000, 1499, 300000000, 300000001, 874012345, 2150000000]]
	got == ["0 B", "999 B", "1 kB", "1.4 kB", "300 MB", "300 MB", "874 MB", "2.1 GB"]
}

test_some_of_a_short_list if text.some_of(["a", "b"]) == "a, b"

test_some_of_a_long_list if {
	text.some_of(["a", "b", "c", "d", "e", "f", "g", "h"]) == "a, b, c, d, e, f and 2 more"
}

test_short if text.short("RUN x") == "RUN x"

test_short_cuts if {
	long := concat("", ["x" | some _ in numbers.range(1, 90)])
	count(text.short(long)) == 80
	endswith(text.short(long), "...")
}
