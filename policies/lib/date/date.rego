# METADATA
# title: Dates
# description: Days between dates, without a clock. Dates are texts such as "2026-11-21".
package gate.lib.date

# METADATA
# description: Days since 1970-01-01 in the Gregorian calendar; undefined for what is no date.
days(text) := ((era * 146097) + day_of_era) - 719468 if {
	is_string(text)
	regex.match(`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`, text)
	parts := [to_number(trim_left(part, "0")) | some part in split(text, "-")]
	year := _year(parts)
	era := floor(year / 400)
	year_of_era := year - (era * 400)
	day_of_year := (floor(((153 * _month(parts)) + 2) / 5) + parts[2]) - 1
	day_of_era := (((year_of_era * 365) + floor(year_of_era / 4)) - floor(year_of_era / 100)) + day_of_year
}

# Years and months that begin in March, so that the leap day is the last.
_year(parts) := parts[0] - 1 if parts[1] <= 2

else := parts[0]

_month(parts) := parts[1] + 9 if parts[1] <= 2

else := parts[1] - 3
