package gate.rules.labels_test

import data.gate.lib.fixture
import data.gate.rules.labels as rule

_parameters := {
	"required": ["team"],
	"formats": [{"label": "url", "format": "url"}, {"label": "version", "format": "semver"}],
	"others": true,
}

_found(parameters, pairs, unresolved) := {each.message | some each in found} if {
	label := fixture.instruction("LABEL", 2, {"pairs": pairs, "unresolved": unresolved})
	found := rule.violations with input.evidence as fixture.single([label])
		with input.parameters.labels as parameters
}

test_reports_a_missing_label if {
	found := {{"origin": fixture.at(1), "message": "the label team is missing"}}
	rule.violations == found with input.evidence as fixture.single([]) with input.parameters.labels as _parameters
}

test_reports_keys_and_values if {
	_found(_parameters, [["team", ""]], []) == {"the label team is empty"}
	_found(_parameters, [["team", "a"], ["url", ""]], []) == {"the label url is empty"}
	_found(_parameters, [["team", "a"], ["Url", "x"]], []) == {"the label Url is not written in lower case, with single dots and dashes"}
	_found(_parameters, [["team", "a"], ["com.docker.x", "x"]], []) == {"the label com.docker.x is in a namespace that belongs to Docker"}
	_found(_parameters, [["team", "a"], ["url", "x"]], []) == {"the label url is not a URL"}
	_found(_parameters, [["team", "a"], ["version", "1"]], []) == {"the label version is not a semantic version"}
}

test_reports_others_where_they_are_not_agreed if {
	closed := object.union(_parameters, {"others": false})
	_found(closed, [["team", "a"], ["other", "x"], ["url", "https://example.com"]], []) == {"the label other is not among those that are agreed"}
}

test_accepts_formats_and_what_is_computed if {
	_found(_parameters, [["team", "a"], ["url", "https://example.com"], ["version", "1.2.3-rc.1"]], []) == set()
	_found(_parameters, [["team", ""], ["url", ""]], ["URL"]) == set()
	_found(_parameters, [["team", "a"], ["other", ""]], []) == set()
}

test_reports_a_licence_that_spdx_does_not_know if {
	wanted := {"required": [], "formats": [{"label": "licence", "format": "spdx"}], "others": true}
	_found(wanted, [["licence", "Apache-2"]], []) == {"the label licence is not an SPDX licence expression"}
	_found(wanted, [["licence", "MIT OR Apache-2.0"]], []) == set()
}
