# METADATA
# title: The base image is old
# description: >-
#   A base that nobody renews keeps its known holes. Its age counts from the day it was made; a base whose maintainers
#   have stopped gets no repairs at all.
# related_resources:
# - ref: https://docs.docker.com/build/building/best-practices/#rebuild-your-images-often
#   description: Docker, rebuild your images often
# custom:
#   severity: medium
#   collection: recommended
#   kinds: [dockerfile, image, container]
#   needs: [base]
#   settled_on: [image, container]
#   fix: Renew the base (`gate lock --update`) and build again.
#   aliases: [CIS-DI-0004]
#   controls: [CIS Docker 4.4, NIST SP 800-190 4.1.1]
#   since: "0.1"
#   parameters:
#     max_age:
#       type: age
#       nullable: true
#       description: How old a base may be, such as `180d`; a pattern's `max_age` in `approved_bases` counts first.
package gate.rules["base-age"]

import data.gate.lib.date
import data.gate.lib.finding
import data.gate.lib.image

_base := input.evidence.facts.base

_today := date.days(input.today)

violations contains finding.at(_base.origin, message) if {
	end := date.days(_base.supported_until)
	_today > end
	message := sprintf("%s has not been supported since %s", [_base.reference, _base.supported_until])
}

violations contains finding.at(_base.origin, message) if {
	age := _today - date.days(_base.created)
	age > _limit
	message := sprintf("%s was made %s, %d days ago: more than %d", [_base.reference, _base.created, age, _limit])
}

undecided contains finding.at(_base.origin, message) if {
	_limit
	not date.days(_base.created)
	message := sprintf("when %s was made is not known", [_base.reference])
}

_parsed := image.parse(_base.reference) if is_string(_base.reference)

# The age its own pattern allows, else the one for all; none for scratch, which does not age.
_limit := min(own) if {
	is_string(_base.reference)
	own := {pattern.max_age |
		some pattern in input.parameters["approved-base"].bases
		is_number(pattern.max_age)
		image.matches(pattern, _parsed)
	}
	count(own) > 0
} else := input.parameters["base-age"].max_age if {
	is_string(_base.reference)
	_base.reference != "scratch"
	is_number(input.parameters["base-age"].max_age)
}
