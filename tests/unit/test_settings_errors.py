"""gate.yaml is read strictly: each mistake has its line and, where there is one, what was meant."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import yaml
from gate.errors import SettingsError
from gate.settings import parse_settings
from gate.settings.nodes import parse
from hypothesis import given
from hypothesis import strategies as st

from tests.support.subjects import catalogue, parameter, rule

RULES = catalogue(
    rule("non-root", aliases=["DL3002"], parameters={"build_args": parameter("boolean")}),
    rule("no-shell"),
    rule("max-size", parameters={"uncompressed": parameter("size", nullable=True)}),
    rule("approved-base", parameters={"bases": parameter("patterns"), "images": parameter("patterns")}),
    rule("base-pinned", parameters={"mode": parameter("choice", values=["tag", "digest"])}),
)


def mistakes(text: str) -> list[tuple[str, str | None]]:
    """Every mistake as (``line: message``, hint)."""
    with pytest.raises(SettingsError) as caught:
        parse_settings(text.encode(), Path("gate.yaml"), RULES)
    first = caught.value
    return [(str(one).removeprefix("gate.yaml:"), one.hint) for one in (first, *first.others)]


OWNED = "an exemption needs an owner, a reason and a last day"

TABLE = [
    pytest.param("enviroment: dev", '2: gate.yaml has no key "enviroment"', 'did you mean "environment"?', id="key"),
    pytest.param(
        "environment: dev\nenvironment: prod", '3: gate.yaml says "environment" twice', "first on line 2", id="twice"
    ),
    pytest.param("rules: {no-shel: deny}", '2: no rule is called "no-shel"', 'did you mean "no-shell"?', id="rule"),
    pytest.param("rules: {DL3002: deny}", '2: no rule is called "DL3002"', "gate calls it non-root", id="alias"),
    pytest.param(
        "rules: {custom/x: deny}", '2: no rule is called "custom/x"', "load it with --policy DIR", id="custom rule"
    ),
    pytest.param(
        "rules:\n  no-shell: off",
        '3: rules.no-shell is one of deny, warn, ignore, not "off"',
        "write ignore",
        id="off is ignore",
    ),
    pytest.param(
        "rules:\n  no-shell: error",
        '3: rules.no-shell is one of deny, warn, ignore, not "error"',
        "write deny",
        id="error is deny",
    ),
    pytest.param(
        "rules: {no-shell: {level: wran}}",
        '2: rules.no-shell.level is one of deny, warn, ignore, not "wran"',
        'did you mean "warn"?',
        id="level",
    ),
    pytest.param(
        "rules: {no-shell: {roles: {ephemral: warn}}}",
        '2: rules.no-shell.roles has no key "ephemral"',
        'did you mean "ephemeral"?',
        id="role",
    ),
    pytest.param(
        "rules: {max-size: {uncompresed: 3MB}}",
        '2: rules.max-size has no key "uncompresed"',
        'did you mean "uncompressed"?',
        id="parameter",
    ),
    pytest.param(
        "rules: {max-size: {uncompressed: 300}}",
        '2: rules.max-size.uncompressed: size "300" has no unit; units are B, kB, MB, GB, TB, KiB, MiB, GiB and TiB',
        None,
        id="size without unit",
    ),
    pytest.param(
        "rules: {max-size: {uncompressed: 300mb}}",
        '2: rules.max-size.uncompressed: size "300mb" has the unknown unit "mb"; write 300MB',
        None,
        id="unit in lower case",
    ),
    pytest.param(
        "rules: {non-root: {build_args: yes}}",
        "2: rules.non-root.build_args must be true or false",
        None,
        id="yes is no boolean",
    ),
    pytest.param(
        "rules: {base-pinned: {mode: diggest}}",
        '2: rules.base-pinned.mode is one of tag, digest, not "diggest"',
        'did you mean "digest"?',
        id="choice",
    ),
    pytest.param("rules: [no-shell]", "2: rules must be a mapping", "write it as key: value", id="list for mapping"),
    pytest.param("rules:", "2: rules has no value", "leave the key out, or give it a value", id="no value"),
    pytest.param(
        "approved_bases:\n  - {image: docker.io/library/python, tags: [3.10]}",
        "3: approved_bases[0].tags[0]: YAML reads a bare 3.10 as a number, not as text",
        'put it in quotes: "3.10"',
        id="bare 3.10",
    ),
    pytest.param(
        "builds: [{path: Dockerfile, args: {DEBUG: true}}]",
        "2: builds[0].args.DEBUG: YAML reads a bare true as true or false, not as text",
        'put it in quotes: "true"',
        id="bare true",
    ),
    pytest.param(
        "approved_bases: [python:3.12]",
        '2: approved_bases[0]: pattern "python:3.12" holds a tag; write {image: "python", tags: ["3.12"]}',
        None,
        id="tag in a pattern",
    ),
    pytest.param(
        "approved_bases: [alpine]\nrules: {approved-base: {bases: [debian]}}",
        "2: approved_bases and rules.approved-base.bases say the same thing twice",
        "keep one of them",
        id="sugar and rule",
    ),
    pytest.param(
        "builds: [{path: /etc/Dockerfile}]",
        '2: builds[0].path: "/etc/Dockerfile" is not a path below the folder of gate.yaml',
        None,
        id="absolute path",
    ),
    pytest.param(
        "builds: [{path: a/../../b}]",
        '2: builds[0].path: "a/../../b" is not a path below the folder of gate.yaml',
        None,
        id="path that leaves",
    ),
    pytest.param(
        "environment: stagin\nenvironments: [{name: staging, namespaces: ['*']}]",
        '2: no environment is called "stagin"',
        'did you mean "staging"?',
        id="environment",
    ),
    pytest.param(
        "environments:\n  - {name: dev, namespaces: ['dev-*']}",
        '2: the last environment, "dev", must hold for every other namespace',
        'give it namespaces: ["*"]',
        id="no catch-all",
    ),
    pytest.param(
        "environments:\n  - {name: dev, namespaces: ['*']}\n  - {name: prod, namespaces: ['*']}",
        '2: environment "dev" matches every namespace, so those after it never hold',
        "put it last",
        id="catch-all first",
    ),
    pytest.param(
        "environments: [{name: dev, namespaces: ['a']}, {name: dev, namespaces: ['*']}]",
        '2: environment "dev" is there twice',
        None,
        id="environment twice",
    ),
    pytest.param(
        "registries: [{host: 'https://ghcr.io/'}]",
        '2: registries[0].host: "https://ghcr.io/" is a URL; write only the host, such as ghcr.io',
        None,
        id="URL for host",
    ),
    pytest.param(
        "exemptions:\n  - {rule: no-shell, paths: [a], reason: r, owner: o, expires: never}",
        '3: exemptions[0].expires: "never" is not a day; write it as 2027-03-31',
        None,
        id="expires never",
    ),
    pytest.param(
        "exemptions: [{rule: no-shell, paths: [a], reason: r, owner: o, expires: 2027-02-30}]",
        '2: exemptions[0].expires: "2027-02-30" is not a day; write it as 2027-03-31',
        None,
        id="no such day",
    ),
    pytest.param(
        "exemptions: [{rule: no-shell, paths: [a], reason: r, owner: '', expires: 2027-02-20}]",
        "2: exemptions[0].owner is empty",
        None,
        id="empty owner",
    ),
    pytest.param(
        "exemptions: [{rule: no-shell, reason: r, owner: o, expires: 2027-02-20}]",
        "2: exemptions[0]: it does not say for what; name paths, images, digests, namespaces or containers",
        None,
        id="exempts nothing in particular",
    ),
    pytest.param(
        "exemptions: [{rule: dockerfile-valid, paths: [a], reason: r, owner: o, expires: 2027-02-20}]",
        "2: dockerfile-valid cannot be exempted: what does not build cannot be judged",
        None,
        id="dockerfile-valid",
    ),
    pytest.param("undecided: off", '2: undecided is one of deny, warn, ignore, not "off"', "write ignore", id="doubt"),
    pytest.param(
        "assumed: deny", '2: assumed is one of accept, undecided, not "deny"', "write undecided", id="assumed"
    ),
    pytest.param("<<: {environment: dev}", '2: gate.yaml has no key "<<"', None, id="merge key"),
    pytest.param("? [a, b]\n: 1", "2: a key must be a plain word", None, id="list as key"),
    pytest.param("exclude: !!python/name:os.system x", None, "write the plain value", id="tag"),
    pytest.param("a: *b", "2: alias *b names nothing written above it", None, id="unknown alias"),
    pytest.param(
        "---\nb: 1", "2: holds more than one YAML document", "keep one document, without a second '---'", id="two"
    ),
    pytest.param("exclude: [a", None, None, id="not YAML"),
]


@pytest.mark.parametrize(("text", "message", "hint"), TABLE)
def test_a_mistake_is_told_with_its_line_and_what_was_meant(text: str, message: str | None, hint: str | None) -> None:
    found = mistakes(f"version: 1\n{text}\n")
    assert len(found) == 1
    assert message is None or found == [(message, hint)]
    assert hint is None or found[0][1] == hint


def test_every_mistake_of_a_file_is_told_at_once_in_the_order_of_lines() -> None:
    text = "version: 1\nrules:\n  no-shel: deny\n  non-root: of\nexemptions:\n  - {rule: no-shell, paths: [a]}\nx: 1\n"
    assert mistakes(text) == [
        ('3: no rule is called "no-shel"', 'did you mean "no-shell"?'),
        ('4: rules.non-root is one of deny, warn, ignore, not "of"', None),
        ('6: exemptions[0] lacks "reason"', OWNED),
        ('6: exemptions[0] lacks "owner"', OWNED),
        ('6: exemptions[0] lacks "expires"', OWNED),
        ('7: gate.yaml has no key "x"', None),
    ]


def test_diagnostics_are_for_people() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(b"version: 1\nrulse: {}\nx: 1\n", Path("gate.yaml"), RULES)
    assert caught.value.diagnostics().splitlines() == [
        'gate.yaml:2: gate.yaml has no key "rulse"',
        '  did you mean "rules"?',
        'gate.yaml:3: gate.yaml has no key "x"',
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", '1: gate.yaml lacks "version"', id="empty"),
        pytest.param(b"version: 2", "1: version must be 1", id="other version"),
        pytest.param(b"version: '1'", "1: version must be 1", id="quoted version"),
        pytest.param(b"version: 1\n\xff", "2: is not UTF-8 text", id="not UTF-8"),
        pytest.param(b"- a", "1: gate.yaml must be a mapping", id="list"),
        pytest.param(b"a" * 2_000_000, "is larger than 1 MiB", id="large"),
        pytest.param(b"version: 1\nexclude: " + b"[" * 40, "2: is nested more than 32 levels deep", id="deep"),
        pytest.param(b"[" * 900_000, "1: is nested more than 32 levels deep", id="very deep"),
        pytest.param(b"version: 1\nexclude: [" + b"a," * 60_000 + b"]", "2: holds more than 50000 values", id="long"),
        pytest.param(b"version: 1\x00", None, id="control character"),
    ],
)
def test_a_file_that_is_no_gate_yaml_is_refused_in_one_line(data: bytes, message: str | None) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(data, Path("gate.yaml"), RULES)
    assert message is None or str(caught.value).removeprefix("gate.yaml:").strip() == message
    assert "\n" not in str(caught.value)


def test_aliases_count_in_full_so_that_a_bomb_is_refused() -> None:
    levels = ["version: 1", "exclude: &a [x, x, x, x, x, x, x, x, x, x]"]
    names = "abcdefghijk"
    levels += [f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in itertools.pairwise(names)]
    with pytest.raises(SettingsError, match="holds more than 50000 values"):
        parse_settings("\n".join(levels).encode(), Path("gate.yaml"), RULES)


def test_an_alias_that_holds_itself_is_refused() -> None:
    with pytest.raises(SettingsError, match="names nothing written above it"):
        parse_settings(b"version: 1\nexclude: &a [*a]", Path("gate.yaml"), RULES)


def test_plain_aliases_are_understood() -> None:
    written = parse_settings(b"version: 1\nexclude: &a [x]\nmanifests: *a\n", Path("gate.yaml"), RULES)
    assert (written.exclude, written.manifests) == (["x"], ["x"])


WHOLE = """version: 1
environment: prod
builds:
  - {path: a/Dockerfile, target: final, args: {V: "1.2"}, image: ghcr.io/acme/api}
approved_bases: [scratch, {image: "ghcr.io/acme/*", tags: ["1.*"], not_tags: [x], max_age: 90d}]
rules: {non-root: deny, max-size: {level: warn, uncompressed: 300MB}, no-shell: {roles: {init: warn}}}
environments:
  - {name: dev, namespaces: ["dev-*"], rules: {no-shell: ignore}, undecided: warn}
  - {name: prod, namespaces: ["*"]}
registries: [{host: "127.0.0.1:5000", insecure: true, mirrors: [a.b/c]}]
known_bases: [{image: x, user: "", users: {a: 1}, shells: [], size_mb: 3}]
exemptions:
  - {rule: no-shell, images: [ghcr.io/a/b], reason: r, owner: o, expires: 2027-03-31}
"""

MARKS = [
    "",
    "\n",
    " ",
    ":",
    "-",
    "&a ",
    "*a",
    "[",
    "]",
    "{",
    "}",
    "!x ",
    "\t",
    "'",
    '"',
    "#",
    "|",
    "\x00",
    "é",
    "3.10",
    "~",
]


@given(
    st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 3), st.sampled_from(MARKS)), min_size=1, max_size=4
    )
)
def test_whatever_is_wrong_is_told_at_a_line_of_the_file(edits: list[tuple[int, int, str]]) -> None:
    text = WHOLE
    for at, length, mark in edits:
        text = text[:at] + mark + text[at + length :]
    try:
        parse_settings(text.encode(), Path("gate.yaml"), RULES)
    except SettingsError as error:
        for one in (error, *error.others):
            assert one.where is not None
            assert 1 <= int(one.where.removeprefix("gate.yaml:")) <= text.count("\n") + 1


@pytest.mark.parametrize("text", [WHOLE, "a: [", "a: \x01", "a: *b", "- a\nb", "a: 3.10\n---\n", "[" * 5000])
def test_without_libyaml_the_same_is_read(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def outcome() -> object:
        try:
            return parse(text.encode(), "f")
        except SettingsError as error:
            return error.where

    fast = outcome()
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert outcome() == fast
