package gate.lib.slips_test

import data.gate.lib.slips

test_letters_that_changed_places if {
	slips.alike("PAHT", "PATH")
	slips.letters("PAHT") == "AHPT"
	not slips.alike("PATH", "HOME")
}

test_a_letter_more_or_less_at_the_end if {
	slips.alike("PATHS", "PATH")
	slips.alike("PATH", "PATHS")
	not slips.alike("PATHS", "PATHE")
}

test_a_digit_at_the_end_is_no_slip if {
	not slips.stem("PYTHON3")
	not slips.alike("PYTHON3", "PYTHON")
}

test_a_letter_alone_has_no_stem if not slips.stem("A")
