"""What ``gate rules new`` writes: a rule that works, to be changed."""

from __future__ import annotations

_RULE = """\
# METADATA
# title: The final stage has no owner label
# description: Who is asked when this image misbehaves has to stand on the image itself.
# custom:
#   severity: low
#   kinds: [dockerfile]
#   needs: [dockerfile]
#   fix: Add `LABEL owner="team-name"` to the final stage.
package custom.NAME

import data.gate.lib.finding

violations contains finding.at(null, "the final stage has no LABEL owner") if {
\tsome stage in input.evidence.dockerfile.stages
\tstage.target
\tnot stage.config.labels.owner
}
"""

_TEST = """\
package custom.NAME_test

import data.custom.NAME as rule

test_reports_a_stage_without_the_label if {
\tfound := rule.violations with input as _dockerfile({})
\tcount(found) == 1
}

test_accepts_a_stage_with_the_label if {
\tfound := rule.violations with input as _dockerfile({"owner": "team-shop"})
\tfound == set()
}

_dockerfile(labels) := {"evidence": {"dockerfile": {"stages": [{"target": true, "config": {"labels": labels}}]}}}
"""

_CASES = """\
# Each case is judged by this rule alone; `expect` is everything it may find.
- name: no label
  dockerfile: |
    FROM scratch
    USER 65532
  expect:
    - {rule: custom/NAME, status: violation, line: 1}
- name: a label
  dockerfile: |
    FROM scratch
    LABEL owner=team-shop
    USER 65532
  expect: []
"""

FILES = {"{name}.rego": _RULE, "{name}_test.rego": _TEST, "{name}.cases.yaml": _CASES}
