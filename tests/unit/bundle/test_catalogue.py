"""METADATA, read strictly: whatever is wrong is named with its line."""

from __future__ import annotations

import pytest
from gate.bundle import catalogue
from gate.errors import PolicyError

GOOD = """\
# A comment before.

# METADATA
# title: Too large
# description: |
#   Large images are
#   slow.
# related_resources:
# - ref: https://example.com/a
#   description: A page
# custom:
#   severity: high
#   kinds: [dockerfile, image]
#   needs: [size]
#   settled_on: [image]
#   fix: Make it smaller.
#   aliases: [DL1]
#   controls: [CIS Docker 4.1]
#   since: "0.1"
#   parameters:
#     limit: {type: size, description: The most., nullable: true}
#     mode: {type: choice, values: [a, b], description: Which.}
#     rows:
#       type: list
#       description: More.
#       items:
#         images: {type: patterns, description: Whose.}
package gate.rules["too-large"]

violations := set()
"""


def _rule(text: str, rule_id: str = "too-large") -> catalogue.Rule:
    return catalogue.rule(rule_id, "x.rego", text)


def test_a_rule_is_what_its_metadata_says() -> None:
    parameter = catalogue.Parameter
    assert _rule(GOOD) == catalogue.Rule(
        id="too-large",
        title="Too large",
        description="Large images are\nslow.",
        severity="high",
        collection="recommended",
        kinds=["dockerfile", "image"],
        needs=["size"],
        settled_on=["image"],
        fix="Make it smaller.",
        aliases=["DL1"],
        controls=["CIS Docker 4.1"],
        since="0.1",
        related=[catalogue.Related(ref="https://example.com/a", description="A page")],
        parameters={
            "limit": parameter(name="limit", type="size", description="The most.", nullable=True),
            "mode": parameter(name="mode", type="choice", description="Which.", values=["a", "b"]),
            "rows": parameter(
                name="rows",
                type="list",
                description="More.",
                items={"images": parameter(name="images", type="patterns", description="Whose.")},
            ),
        },
        path="x.rego",
        line=4,
    )


def test_the_engines_document_has_what_rego_needs() -> None:
    assert _rule(GOOD).document() == {
        "needs": ["size"],
        "settled_on": ["image"],
        "kinds": ["dockerfile", "image"],
        "parameters": ["limit", "mode", "rows"],
    }


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("# title: Too large\n", "", 4, "lacks `title`"),
        ("# title: Too large", "# title: [a]", 4, "`title` is a text"),
        ("# title: Too large", "# title: ''", 4, "`title` is a text"),
        ("# title: Too large", "# titel: Too large", 4, "unknown METADATA key `titel`"),
        ("#   severity: high", "#   severity: huge", 12, "one of critical, high, medium, low, info, not 'huge'"),
        ("#   severity: high\n", "", 12, "lacks `severity`"),
        ("#   severity: high", "#   severity: high\n#   severity: low", 13, "`severity` is given twice"),
        ("[dockerfile, image]", "[dockerfile, picture]", 13, "not 'picture'"),
        ("[dockerfile, image]", "dockerfile", 13, "`kinds` is a list of texts"),
        ("[dockerfile, image]", "[image, image]", 13, "lists something twice"),
        ("needs: [size]", "needs: [weight]", 14, "not 'weight'"),
        ("#   needs: [size]\n", "", 12, "lacks `needs`"),
        ("#   fix: Make", "#   fixx: Make", 16, "unknown METADATA key `fixx`"),
        ("type: size", "type: weight", 21, "not 'weight'"),
        ("type: size, description: The most.", "type: size", 21, "lacks `description`"),
        ("nullable: true", "nullable: perhaps", 21, "`nullable` is true or false"),
        ("nullable: true", "default: 1", 21, "unknown METADATA key `default`"),
        ("type: choice, values: [a, b]", "type: choice", 22, "a choice has `values`"),
        ("type: size,", "type: size, values: [a],", 21, "no other type has either"),
        ("#       type: list\n", "#       type: strings\n", 24, "no other type has either"),
        (
            "# related_resources:\n# - ref: https://example.com/a\n#   description: A page",
            "# related_resources: x",
            8,
            "list",
        ),
        ("# - ref: https://example.com/a\n#   description: A page", "# - https://example.com/a", 9, "list of maps"),
        ("# custom:", "# custom: [", 13, "not YAML"),
        ("#   parameters:\n", "#   parameters: []\n#   other:\n", 22, "unknown METADATA key `other`"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    with pytest.raises(PolicyError) as caught:
        _rule(GOOD.replace(old, new, 1))
    assert (caught.value.where, words in caught.value.message) == (f"x.rego:{line}", True), str(caught.value)


def test_a_near_miss_is_suggested() -> None:
    with pytest.raises(PolicyError) as caught:
        _rule(GOOD.replace("#   severity: high", "#   severty: high"))
    assert caught.value.hint == "Did you mean `severity`?"


@pytest.mark.parametrize(
    "text",
    [
        'package gate.rules["too-large"]\n',
        '# title: no mark\npackage gate.rules["too-large"]\n',
        '# METADATA\n# title: x\n\nimport data.x\n\npackage gate.rules["too-large"]\n',
    ],
)
def test_a_rule_without_metadata_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="has no METADATA"):
        _rule(text)


@pytest.mark.parametrize("body", ["", "# just text", "# - a\n# - b", "# " + "[" * 5000])
def test_metadata_that_is_no_map_is_refused(body: str) -> None:
    with pytest.raises(PolicyError):
        _rule(f"# METADATA\n{body}\npackage custom.x\n")


def test_metadata_runs_no_code() -> None:
    with pytest.raises(PolicyError):
        _rule(GOOD.replace("title: Too large", "title: !!python/object/apply:os.system [true]"))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("package custom.mine\n", ["custom", "mine"]),
        ('package gate.rules["non-root"]\n', ["gate", "rules", "non-root"]),
        ('package custom["my-rule"] # why\n', ["custom", "my-rule"]),
        ("# package not.this\npackage custom.x", ["custom", "x"]),
        ("package custom . x\n", None),
        ('package custom["a b"]\n', None),
        ("pakage custom.x\n", None),
    ],
)
def test_the_package_line(text: str, parts: list[str] | None) -> None:
    if parts is None:
        with pytest.raises(PolicyError):
            catalogue.package("x.rego", text)
    else:
        assert catalogue.package("x.rego", text)[0] == parts


@pytest.mark.parametrize("levels", [101, 100_000])
def test_deep_nesting_is_refused_with_its_line(levels: int) -> None:
    text = GOOD.replace("[dockerfile, image]", "[" * levels + "]" * levels)
    with pytest.raises(PolicyError, match="more than 100 levels deep") as raised:
        _rule(text)
    assert raised.value.where == "x.rego:13"
