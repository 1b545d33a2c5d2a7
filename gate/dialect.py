"""Which version of Rego a policy of somebody else's is written in.

Rego v0 had rules without ``if`` and sets without ``contains``; both engines still read it when they are told, file by
file. gate's own packages are always v1.
"""

from __future__ import annotations

import re

_OURS = re.compile(r"^package\s+(?:gate|custom)\b", re.MULTILINE)
_V1 = re.compile(r"^import\s+rego\.v1\b", re.MULTILINE)
# `name {`, `name(x) {`, `name[x] {`, `name[x] = y {`, `name(x) = y {`: v1 knows none of these heads.
_HEAD = re.compile(
    r"^(?:default\s+)?[A-Za-z_]\w*(?:\([^)\n]*\)|\[[^\]\n]*\])?(?:[ \t]*:?=[ \t]*[\w\"]+)?[ \t]*\{", re.MULTILINE
)
_VALUE = re.compile(r"=[ \t]*\{\Z")
_BARE_SET = re.compile(r"^(?:deny|warn|violation)\w*\[[^\]\n]*\][ \t]*(?:\{|:?=)", re.MULTILINE)


def is_v0(text: str) -> bool:
    """Whether a module can only be read as Rego v0: it has rules that v1 would refuse."""
    if _OURS.search(text) or _V1.search(text):
        return False
    return _BARE_SET.search(text) is not None or any(not _VALUE.search(found[0]) for found in _HEAD.finditer(text))
