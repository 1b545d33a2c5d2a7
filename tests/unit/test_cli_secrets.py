"""Which build arguments look like secrets, and that they are nowhere in a text."""

from __future__ import annotations

import json

import pytest
from gate.cli.secrets import REDACTED, SHORTEST, hide, is_secret, redacted
from hypothesis import given
from hypothesis import strategies as st

SECRET = [
    ("NPM_TOKEN", "x"),
    ("npm_token", "x"),
    ("GITHUB_PAT", "x"),
    ("DB_PASSWORD", "x"),
    ("dbPassword", "x"),
    ("AWS_SECRET_ACCESS_KEY", "x"),
    ("SSH_PRIVATE_KEY", "x"),
    ("API_KEY", "x"),
    ("apiKey", "x"),
    ("KEY", "x"),
    ("PIP_INDEX", "https://user:hunter2@pypi.acme.dev/simple"),
    ("X", "ghp_" + "a" * 36),
    ("X", "glpat-" + "a" * 20),
    ("X", "AKIA" + "A" * 16),
    ("X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig"),
    ("X", "-----BEGIN OPENSSH PRIVATE KEY-----"),
]
PLAIN = [
    ("VERSION", "1.2.3"),
    ("BASE", "gcr.io/distroless/static-debian13:nonroot"),
    ("MONKEY", "chimp"),
    ("KEYBOARD", "us"),
    ("TOKENIZER", "bpe"),
    ("COMPASS", "north"),
    ("AUTHOR", "me"),
    ("GOPROXY", "https://goproxy.acme.dev"),
    ("HTTP_PROXY", "http://proxy.acme.dev:3128"),
]


@pytest.mark.parametrize(("name", "value"), SECRET, ids=[name for name, _ in SECRET])
def test_these_look_like_secrets(name: str, value: str) -> None:
    assert is_secret(name, value)
    assert redacted({name: value}) == {name: REDACTED}


@pytest.mark.parametrize(("name", "value"), PLAIN, ids=[name for name, _ in PLAIN])
def test_these_do_not(name: str, value: str) -> None:
    assert not is_secret(name, value)
    assert redacted({name: value}) == {name: value}


@given(value=st.text(min_size=SHORTEST, max_size=40), before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_is_in_no_text_however_it_is_spelled(value: str, before: str, after: str) -> None:
    for text in (
        before + value + after,
        json.dumps({"a": before + value + after}),
        json.dumps([value], ensure_ascii=False),
    ):
        hidden = hide(text, [("TOKEN", value)])
        assert value not in hidden.replace(REDACTED, "\x00") or value in REDACTED


def test_short_values_are_left_in_other_text() -> None:
    assert hide("a b c", [("TOKEN", "b")]) == "a b c"
