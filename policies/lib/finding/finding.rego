# METADATA
# title: Findings
# description: The only way a rule makes a finding. An origin is an evidence origin, or null.
package gate.lib.finding

# METADATA
# description: A finding at an origin, in words for people.
at(origin, message) := {"origin": origin, "message": message}

# METADATA
# description: A finding that holds whatever else is unknown about the subject.
at_certain(origin, message) := {"origin": origin, "message": message, "certain": true}

# METADATA
# description: The same finding with a fix that fits it better than the rule's own.
with_fix(finding, fix) := object.union(finding, {"fix": fix})

# METADATA
# description: The same finding, never more than a warning.
warning(finding) := object.union(finding, {"level": "warn"})
