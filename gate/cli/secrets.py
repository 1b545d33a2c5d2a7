"""Build arguments that look like secrets are never shown: not in reports, not in evidence, not in messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

REDACTED = "[redacted]"
SHORTEST = 4

_NAME = re.compile(
    r"(?:^|[_.-])(?:auth|bearer|credentials?|creds?|jwt|key|keys|netrc|passphrase|pass|passwd|password|pat|private|"
    r"pwd|secrets?|signature|token)(?:$|[_.-])|apikey|accesskey|secretkey|privatekey|authtoken|password|passwd|secret",
    re.IGNORECASE,
)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_VALUE = re.compile(
    r"gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|"
    r"sk-[\w-]{20,}|eyJ[\w-]{8,}\.[\w-]{8,}\.|-----BEGIN [A-Z ]*PRIVATE KEY|//[^/\s:@]+:[^/\s@]+@|npm_\w{20,}|"
    r"pypi-\w{20,}|AIza[\w-]{30,}"
)


def is_secret(name: str, value: str) -> bool:
    """Whether a build argument looks like a secret, by its name or its value."""
    return bool(_NAME.search(_WORDS.sub("_", name)) or _VALUE.search(value))


def redacted(arguments: Mapping[str, str]) -> dict[str, str]:
    """The arguments, secret-looking values replaced."""
    return {name: REDACTED if is_secret(name, value) else value for name, value in arguments.items()}


def hide(text: str, arguments: Iterable[tuple[str, str]]) -> str:
    """``text`` without the values of secret-looking arguments, as they are and as JSON spells them.

    Values shorter than `SHORTEST` are left: they are in every text by chance.
    """
    for name, value in arguments:
        if len(value) >= SHORTEST and is_secret(name, value):
            import json

            for spelled in {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}:
                text = text.replace(spelled, REDACTED)
    return text
