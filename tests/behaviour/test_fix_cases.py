"""Every bad case of every rule that has edits: after them the rule is silent, BuildKit reads the rest as before.

The tables name each case that is fixed only with ``--unsafe-fixes``, or not at all, and why; a case that is in none is
fixed. So a rule's new case has to be looked at here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

import pytest
from gate.fixes.decisions import DECISIONS
from gate.fixes.edits import FIXABLE

from tests.policies.cases import Case, all_cases
from tests.support.fixing import BUNDLE, counts, fixed, judging, worse
from tests.support.oracles import BuildkitOracle

# Fixed, but not by --fix alone.
UNSAFE = {
    "clean-lang-cache: yarn",
    "pipefail: after SHELL without it",
}
# Rules without a safe edit: all their cases.
UNSAFE_RULES = {rule for rule in FIXABLE if DECISIONS[rule].kind == "unsafe"}

LEFT = {
    "apk-virtual: some of them": "apk del names only some of what was added",
    "copy-from-index: the first stage": "the stage has no name",
    "copy-from-index: the second": "the stage has no name",
    "copy-from-index: both": "the stages have no names",
    "empty-continuation: hides an instruction": "the blank line may have been meant to end the instruction",
    "exec-form: two programs": "a list needs a shell",
    "exec-form: a program with a blank in its name": "what the words were meant to be is not known",
    "exec-form: an ENTRYPOINT with a blank in its name": "what the words were meant to be is not known",
    "exec-form: a command line with paths as a program": "what the words were meant to be is not known",
    "exec-form: a variable that no shell expands": "what the words were meant to be is not known",
    "no-dist-upgrade: apt-get upgrade": "what is left would be an update for nothing",
    "no-dist-upgrade: dist-upgrade": "what is left would be an update for nothing",
    "no-sudo: sudo installed": "who runs it is not known",
    "no-sudo: sudo with options": "it changes to another user",
    "non-root: no USER on alpine": "a user has to be made there",
    "non-root: root by name, and a group": "a user has to be made there",
    "non-root: a variable that a build can set to root": "on scratch the number is the author's, and its origin is ARG",
    "non-root: another name for uid 0": "a user has to be made there",
    "non-root: a stage that brings its user by ONBUILD": "the instruction is another stage's",
    "non-root: a base whose user is not known": "undecided",
    "pipefail: the sh of Debian has no such option": "nor can it be told to",
    "pkg-signature: a source that is always trusted": "the key of the source is not in the file",
    "platform-const: amd64 for everyone": "may be meant",
    "platform-const: arm64": "may be meant",
    "port-valid: port 0": "the port is not known",
    "undefined-variable: declared in the stage, but too late": "the ARG below may be meant to move",
    "update-alone: and nothing else": "the next instruction is no RUN",
    "user-numeric: a name that cannot exist": "the number is not known",
    "workdir-absolute: relative": "the working directory of the base is not known",
    "workdir-absolute: dot": "the working directory of the base is not known",
    "workdir-absolute: in a builder": "the working directory of the base is not known",
    "workdir-absolute: a variable that is relative": "the working directory of the base is not known",
}
# Edits of these rules also touch what is not at the finding.
WIDER = {"casing": "every keyword", "no-maintainer": "every MAINTAINER", "update-alone": "the RUN that is joined"}
# What an edit is there to change in the image's config.
CONFIG = {
    "exec-form": {"cmd", "entrypoint"},
    "no-maintainer": {"labels"},
    "non-root": {"user"},
    "pipefail": {"cmd", "entrypoint", "healthcheck", "shell"},
    "tls-verify": {"env"},
    "undefined-variable": {"env", "labels", "working_dir"},
    "user-numeric": {"user"},
    "base-pinned": {"user", "env"},  # the oracle's images tell their references there
}


def cases() -> Iterator[Case]:
    """The bad Dockerfiles of rules that have edits."""
    for case in all_cases():
        if case.rule in FIXABLE and case.source["expect"] and "dockerfile" in case.source:
            yield case


CASES = [pytest.param(case, id=case.name) for case in cases()]


def outcome(case: Case) -> str:
    """Which option settles all the rule finds in a case."""
    judge, data = judging(case.source), case.source["dockerfile"].encode()
    for unsafe in (False, True):
        found = fixed(data, judge, unsafe=unsafe, only=frozenset((case.rule,)))
        if not counts(found.result)[case.rule]:
            return "unsafe" if unsafe else "safe"
    return "left"


@pytest.mark.parametrize("case", CASES)
def test_each_bad_case_is_fixed_or_named_with_its_reason(case: Case) -> None:
    unsafe = case.name in UNSAFE or case.rule in UNSAFE_RULES
    assert outcome(case) == ("left" if case.name in LEFT else "unsafe" if unsafe else "safe")


def test_the_tables_name_cases_that_there_are() -> None:
    names = {case.name for case in cases()}
    assert (set(LEFT) | UNSAFE) - names == set()


@pytest.mark.go
@pytest.mark.parametrize("case", CASES)
def test_a_fix_settles_what_it_says_and_nothing_else_changes(case: Case, buildkit_oracle: BuildkitOracle) -> None:
    judge, data = judging(case.source), case.source["dockerfile"].encode()
    before, options = judge(data), {"unsafe": True, "only": frozenset((case.rule,))}
    found = fixed(data, judge, **options)
    after = judge(found.data)
    assert worse(before, after, found.rules) == {}
    assert set(found.rules) <= {case.rule} and bool(found.rules) == (found.data != data)
    assert counts(after)[case.rule] + len(found.rules) <= counts(before)[case.rule]
    assert fixed(found.data, judge, **options).data == found.data
    build = case.source.get("build", {})
    asked = {"target": build.get("target") or "", "build_args": build.get("args", {})}
    read = [buildkit_oracle.parse_and_build(text, **asked) for text in (data, found.data)]
    (old, built), (new, rebuilt) = read
    assert (new["error"], new["stages_error"]) == (None, None)
    assert _stages(new) == _stages(old)
    assert _config(case.rule, rebuilt) == _config(case.rule, built)
    _only_what_was_found(case, data, found.data)


def _stages(parsed: dict[str, Any]) -> list[tuple[str, str]]:
    return [(stage["name"], stage["base"].partition("@")[0]) for stage in parsed["stages"]]


def _config(rule: str, built: dict[str, Any]) -> dict[str, Any] | None:
    config = built["config"]
    return config and {name: value for name, value in config.items() if name not in CONFIG.get(rule, ())}


def _only_what_was_found(case: Case, before: bytes, after: bytes) -> None:
    """Lines that are not at a finding, and all comments, are there to the byte and in their order."""
    old, new = before.split(b"\n"), after.split(b"\n")
    at = {number for each in case.source["expect"] for number in _instruction(before, each["line"])}
    gone = []
    for kind, first, last, _, _ in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone += range(first + 1, last + 1) if kind in ("replace", "delete") else []
    if case.rule not in WIDER:
        assert set(gone) <= at
    comments = [line for line in old if line.lstrip().startswith(b"#")]
    assert [line for line in new if line.lstrip().startswith(b"#") and line in comments] == comments


def _instruction(data: bytes, line: int) -> range:
    from gate.evidence.dockerfile.instructions import parse

    for one in parse(data).instructions:
        if one.line <= line <= one.end_line:
            return range(one.line, one.end_line + 1)
    return range(line, line + 1)


def test_every_shipped_rule_has_a_decision_and_those_with_edits_are_the_ones_that_say_so() -> None:
    assert set(DECISIONS) == set(BUNDLE.catalogue)
    assert {rule for rule, decision in DECISIONS.items() if decision.kind != "no"} == FIXABLE


def test_a_rule_is_called_safe_where_its_cases_are() -> None:
    found: dict[str, set[str]] = {}
    for case in cases():
        kind = "left" if case.name in LEFT else "unsafe" if case.name in UNSAFE | UNSAFE_RULES else "safe"
        found.setdefault(case.rule, set()).add(kind)
    safe = {rule for rule, decision in DECISIONS.items() if decision.kind in ("safe", "both")}
    assert {rule for rule in safe if "safe" not in found[rule]} <= {"workdir-absolute"}  # gate.lock has to know
