# METADATA
# title: Sizes
# description: What an image may weigh by a rule's settings, and which of its layers weighs most.
package gate.lib.sizes

import data.gate.lib.image
import data.gate.lib.text

# METADATA
# description: >-
#   The bytes above a limit; undefined at the limit or below it, and where one of the two is not known or not set.
over(bytes, limit) := bytes - limit if {
	is_number(bytes)
	is_number(limit)
	bytes > limit
}

# METADATA
# description: >-
#   The limit of one measure, such as `compressed`: from the first of the `budgets` for this image if that has one, else
#   from the settings themselves; null where there is none.
limit(settings, measure) := budget[measure] if {
	budget := _budget(settings)
	is_number(budget[measure])
} else := object.get(settings, measure, null)

# METADATA
# description: >-
#   The limit that some bytes are above, `by` how many, and whether it is the `soft` one, which counts where the other is
#   kept; undefined where both are kept.
excess(settings, measure, bytes) := {"limit": hard, "soft": false, "by": by} if {
	hard := limit(settings, measure)
	by := over(bytes, hard)
} else := {"limit": soft, "soft": true, "by": by} if {
	soft := limit(settings, sprintf("soft_%s", [measure]))
	by := over(bytes, soft)
}

_budget(settings) := [budget |
	some budget in settings.budgets
	image.matches_any(budget.images, _built_as)
][0]

_built_as := image.parse(input.evidence.subject.image) if {
	is_string(input.evidence.subject.image)
} else := image.parse(input.evidence.subject.reference) if {
	is_string(input.evidence.subject.reference)
}

# METADATA
# description: How many bytes an image may grow, which is allowed in `bytes` or in `percent` of what it weighed before.
growth(allowed, previous) := allowed.bytes if {
	is_number(allowed.bytes)
} else := floor((previous * allowed.percent) / 100) if {
	is_number(previous)
	is_number(allowed.percent)
}

# METADATA
# description: The size of the largest layer, and what made it, in words; undefined where no layer has a size.
largest_layer := sprintf("%s%s", [text.bytes(_largest), _made_by])

_largest := max({layer.uncompressed |
	some layer in input.evidence.facts.size.layers
	is_number(layer.uncompressed)
})

_made_by := sprintf(", made by: %s", [text.short(sort(authors)[0])]) if {
	authors := {layer.created_by |
		some layer in input.evidence.facts.size.layers
		layer.uncompressed == _largest
		is_string(layer.created_by)
	}
	count(authors) > 0
} else := ""
