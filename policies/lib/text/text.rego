# METADATA
# title: Words
# description: How numbers and lists read in messages.
package gate.lib.text

# METADATA
# description: Bytes as people say them, 1 MB being 1,000,000 bytes; cut, not rounded.
bytes(count) := sprintf("%d B", [count]) if count < 1000

else := _in(count, 100, "kB") if count < 1000000

else := _in(count, 100000, "MB") if count < 1000000000

else := _in(count, 100000000, "GB")

_in(count, tenth, unit) := sprintf("%d %s", [tenths / 10, unit]) if {
	tenths := floor(count / tenth)
	tenths % 10 == 0
} else := sprintf("%d.%d %s", [(tenths - (tenths % 10)) / 10, tenths % 10, unit]) if {
	tenths := floor(count / tenth)
}

# METADATA
# description: At most six of a list, and how many more.
some_of(list) := concat(", ", list) if count(list) <= 6

else := sprintf("%s and %d more", [concat(", ", array.slice(list, 0, 6)), count(list) - 6])

# METADATA
# description: A text of at most 80 characters.
short(text) := text if substring(text, 0, 80) == text

else := sprintf("%s...", [substring(text, 0, 77)])
