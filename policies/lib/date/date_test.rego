package gate.lib.date_test

import data.gate.lib.date

test_days_are_counted_from_1970 if {
	{text: date.days(text) | some text in ["1970-01-01", "2000-02-29", "2000-03-01", "2024-12-31", "2026-11-21", "1999-12-31"]} == {
		"1970-01-01": 0,
		"1999-12-31": 10956,
		"2000-02-29": 11016,
		"2000-03-01": 11017,
		"2024-12-31": 20088,
		"2026-11-21": 20778,
	}
}

test_what_is_no_date_has_no_days if {
	{text | some text in ["", "2026-13-01", "2026-1-1", "2026-11-21T00:00:00Z", "yesterday"]; date.days(text)} == set()
}
