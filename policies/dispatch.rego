package gate.main

# How rules are found by their ids: what they found, and what they say they cannot tell. regorus would look at every
# rule for each of these lookups, so gate/engine/regorus.py puts the same in their place, spelled out rule by rule.

_violations[id] := answer if {
	some id, _ in input.rules
	not startswith(id, "custom/")
	answer := data.gate.rules[id].violations
}

_violations[id] := answer if {
	some id, _ in input.rules
	startswith(id, "custom/")
	answer := data.custom[trim_prefix(id, "custom/")].violations
}

_doubts[id] := answer if {
	some id, _ in input.rules
	not startswith(id, "custom/")
	answer := data.gate.rules[id].undecided
}

_doubts[id] := answer if {
	some id, _ in input.rules
	startswith(id, "custom/")
	answer := data.custom[trim_prefix(id, "custom/")].undecided
}
