# METADATA
# title: Slips of the pen
# description: >-
#   Names that one slip makes of each other: letters that changed places, or one more or less at the end. What is equal
#   for such names can be a key to look them up by.
package gate.lib.slips

# METADATA
# description: Whether one slip, or none, makes one name of the other.
alike(name, other) if letters(name) == letters(other)

alike(name, other) if stem(name) == other

alike(name, other) if stem(other) == name

# METADATA
# description: The characters of a name in alphabetical order.
letters(name) := concat("", sort(split(name, "")))

# METADATA
# description: A name without the letter that it ends with; undefined where it ends with none, or is nothing else.
stem(name) := substring(name, 0, count(name) - 1) if regex.match(`.[A-Za-z]$`, name)
