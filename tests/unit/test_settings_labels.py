"""Environments by a label of the namespace: what chooses which, and what is refused as settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate.errors import SettingsError
from gate.settings import Settings, parse_settings

LABEL = 'environment_label: {key: acme.dev/environment, groups: [platform-admins, "system:masters"]}\n'
ENVIRONMENTS = """environments:
  - {name: dev, labels: [dev, test]}
  - {name: staging, namespaces: ["stage-*"], labels: [staging]}
  - {name: prod, namespaces: ["*"]}
"""


def settings(text: str) -> Settings:
    return Settings(parse_settings(f"version: 1\n{text}".encode(), Path("gate.yaml"), {}), {}, {})


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings(text)
    return [caught.value.diagnostics(), *(each.diagnostics() for each in getattr(caught.value, "others", ()))]


@pytest.mark.parametrize(
    ("labels", "environment"),
    [
        ({"acme.dev/environment": "dev"}, "dev"),
        ({"acme.dev/environment": "test", "a": "b"}, "dev"),
        ({"acme.dev/environment": "staging"}, "staging"),
        ({"acme.dev/environment": "prod"}, None),
        ({"acme.dev/environment": ""}, None),
        ({"acme.dev/environments": "dev"}, None),
        ({}, None),
    ],
)
def test_a_value_of_the_label_chooses_one_environment(labels: dict[str, str], environment: str | None) -> None:
    assert settings(LABEL + ENVIRONMENTS).of_labels("shop", labels) == environment


@pytest.mark.parametrize(
    ("namespace", "labelled", "environment"),
    [
        ("shop", None, "prod"),
        ("shop", "dev", "dev"),
        ("shop", "staging", "staging"),
        ("stage-1", None, "staging"),
        ("stage-1", "dev", "dev"),
        ("stage-1", "nothing", "staging"),
        ("shop", "nothing", "prod"),
    ],
)
def test_the_first_environment_that_the_name_or_the_label_matches_holds(
    namespace: str, labelled: str | None, environment: str
) -> None:
    assert settings(LABEL + ENVIRONMENTS).of_namespace(namespace, labelled) == environment


def test_without_a_label_nothing_is_chosen_by_one() -> None:
    assert settings("").of_labels("shop", {"acme.dev/environment": "dev"}) is None


def test_a_label_that_nobody_guards_is_a_mistake_that_says_what_to_write() -> None:
    first, second = mistakes(ENVIRONMENTS)
    assert 'environment "dev" is chosen by a label that nobody guards' in first
    assert 'environment "staging" is chosen by a label that nobody guards' in second
    assert "environment_label: {key: ..., groups: [...]}" in first


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("environment_label: {key: acme.dev/environment}\n", 'lacks "groups"'),
        ("environment_label: {key: acme.dev/environment, groups: []}\n", "at least 1"),
        ("environment_label: {groups: [a]}\n", 'lacks "key"'),
        ("environment_label: {key: 'a b', groups: [a]}\n", "not the key of a label"),
        ("environment_label: {key: 'Acme.dev/x', groups: [a]}\n", "not the key of a label"),
        ('environment_label: {key: "a/b\'c", groups: [a]}\n', "not the key of a label"),
        ("environment_label: {key: kubernetes.io/metadata.name, groups: [a]}\n", "namespaces:"),
        ("environment_label: {key: a, groups: ['system:authenticated']}\n", "is everybody"),
        ("environment_label: {key: a, groups: ['*']}\n", "is everybody"),
        (LABEL + ENVIRONMENTS.replace("name: staging", "name: pre_prod"), "cannot be part of a path"),
        (LABEL + ENVIRONMENTS.replace("name: staging", "name: a..b"), "cannot be part of a path"),
        (LABEL + ENVIRONMENTS.replace("labels: [staging]", "labels: [dev]"), 'the label\'s value "dev" is there twice'),
        (LABEL + ENVIRONMENTS.replace("labels: [staging]", "labels: ['a b']"), "not the value of a label"),
        (LABEL + ENVIRONMENTS.replace("labels: [staging]", "labels: []"), "at least 1"),
    ],
)
def test_what_guards_nothing_is_refused(text: str, said: str) -> None:
    assert any(said in each for each in mistakes(text))
