# METADATA
# title: The entry point
# description: >-
#   Asks the rules named in `input.rules` and nothing else, and turns a rule that rests on unknown facts into
#   `undecided` (or, where only a later checkpoint can know, into `settled_later`). Silence is never made of unknowns.
package gate.main

# METADATA
# description: Everything gate reads from the policy.
# entrypoint: true
report := {"findings": findings, "settled_later": settled_later, "assumed": assumed}

# --- what they rest on ----------------------------------------------------------------------------------------

_facts := {"user", "shell", "base", "size", "filesystem"}

_documents := {"dockerfile", "image", "workload"}

# A fact without its decisive part is no fact, whatever it says of itself.
_decisive := {"user": "root", "shell": "present"}

_state[need] := object.get(input.evidence, ["facts", need, "state"], "unknown") if {
	some need in _facts
	not _hollow[need]
}

_state[need] := "known" if {
	some need in _documents
	is_object(object.get(input.evidence, need, null))
	not _hollow[need]
}

_hollow contains need if {
	some need, field in _decisive
	object.get(input.evidence, ["facts", need, field], null) == null
}

# A Dockerfile without stages is one that gate could not read: its frontend decides what it means.
_hollow contains "dockerfile" if {
	count(object.get(input.evidence, ["dockerfile", "stages"], [])) == 0
}

_unknown := {id: needs |
	some id, spec in input.rules
	needs := {need | some need in spec.needs; not object.get(_state, need, "unknown") in {"known", "assumed"}}
	count(needs) > 0
}

_assumed := {id: needs |
	some id, spec in input.rules
	not _unknown[id]
	needs := {need | some need in spec.needs; _state[need] == "assumed"}
	count(needs) > 0
}

_called := {
	"user": "the user",
	"shell": "whether there is a shell",
	"base": "the base image",
	"size": "the size",
	"filesystem": "what files the image has",
	"dockerfile": "what the Dockerfile builds",
	"image": "the image's config",
	"workload": "the workload",
}

_reason(need) := reason if {
	reason := input.evidence.facts[need].reason
	is_string(reason)
} else := reason if {
	# A document has no reason of its own; what hides it hides the base image too.
	need in _documents
	reason := input.evidence.facts.base.reason
	is_string(reason)
} else := "the evidence does not say"

# Where a person would look: at the fact's own place, else at the image a manifest names, else at the FROM.
_origin(need) := origin if {
	origin := input.evidence.facts[need].origin
	is_object(origin)
} else := origin if {
	origin := input.evidence.workload.image_origin
	is_object(origin)
} else := object.get(input.evidence, ["facts", "base", "origin"], null)

# --- findings -------------------------------------------------------------------------------------------------

findings contains finding if {
	some id, found in _violations
	not _unknown[id]
	some violation in found
	finding := object.union(violation, {"rule": id, "status": "violation", "state": _worst(id, violation)})
}

findings contains finding if {
	some id, found in _violations
	_unknown[id]
	some violation in found
	violation.certain
	finding := object.union(violation, {"rule": id, "status": "violation", "state": "known"})
}

findings contains finding if {
	some id, needs in _unknown
	_violations[id]
	not _decided[id]
	not _later(id)
	some need in needs
	finding := {
		"rule": id,
		"status": "undecided",
		"state": "unknown",
		"origin": _origin(need),
		"message": sprintf("%s is not known: %s", [object.get(_called, need, need), _reason(need)]),
		"reason": _reason(need),
	}
}

findings contains finding if {
	some id, doubts in _doubts
	not _unknown[id]
	not _decided[id]
	not _later(id)
	some doubt in doubts
	finding := object.union(
		{"reason": doubt.message},
		object.union(doubt, {"rule": id, "status": "undecided", "state": "unknown"}),
	)
}

# A rule that is asked for and not there, or that lacks a setting, must not look like one that is content.
findings contains finding if {
	some id, _ in input.rules
	not _violations[id]
	finding := _broken(id, "the policy has no such rule")
}

findings contains finding if {
	some id, spec in input.rules
	some name in object.get(spec, "parameters", [])
	object.get(input.parameters, [id, name], _absent) == _absent
	finding := _broken(id, sprintf("the parameter %s is not set", [name]))
}

_absent := "gate: no such parameter"

_broken(id, why) := {
	"rule": id,
	"status": "undecided",
	"state": "unknown",
	"origin": null,
	"message": sprintf("the rule cannot be judged: %s", [why]),
	"reason": sprintf("rule-error: %s", [why]),
}

_worst(_, violation) := "known" if violation.certain

_worst(id, violation) := "assumed" if {
	not violation.certain
	_assumed[id]
}

_worst(id, violation) := "known" if {
	not violation.certain
	not _assumed[id]
}

# --- what is left open ----------------------------------------------------------------------------------------

# A violation that is certain, and is not a mere warning, settles a rule whatever is unknown.
_decided contains id if {
	some id, found in _violations
	some violation in found
	violation.certain
	not violation.level == "warn"
}

# Doubts of a rule's own need not be said once it has found something.
_decided contains id if {
	some id, found in _violations
	not _unknown[id]
	some violation in found
	not violation.level == "warn"
}

_later(id) if {
	settled_on := object.get(input.rules, [id, "settled_on"], [])
	count(settled_on) > 0
	not input.evidence.kind in settled_on
}

settled_later contains id if {
	some id, _ in _unknown
	_later(id)
	_violations[id]
	not _decided[id]
}

settled_later contains id if {
	some id, doubts in _doubts
	count(doubts) > 0
	not _unknown[id]
	_later(id)
	not _decided[id]
}

# Rules that found nothing, and might have, had the assumed been read from the thing itself.
assumed contains {"rule": id, "reason": concat("; ", reasons)} if {
	some id, needs in _assumed
	count(_violations[id]) == 0
	reasons := {_reason(need) | some need in needs}
}
