"""Whether gate expands a word as BuildKit does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gate.evidence.dockerfile import expansion
from gate.evidence.dockerfile.syntax import ExpansionError

from tests.support.oracles import BuildkitOracle


class Vector(NamedTuple):
    """One question: a word, the variables, the escape character, and the variant of the reading."""

    word: str
    env: Mapping[str, str]
    escape: str = "\\"
    lexing: expansion.Lexing = expansion.Lexing()

    def request(self) -> dict[str, Any]:
        """What to ask the oracle."""
        return BuildkitOracle.expand_request(
            self.word,
            self.env,
            self.escape,
            raw_quotes=self.lexing.keep_quotes,
            raw_escapes=self.lexing.keep_escapes,
            skip_process_quotes=not self.lexing.quotes,
            skip_unset_env=self.lexing.keep_unset,
        )


def gate_answer(vector: Vector) -> dict[str, Any]:
    """Text, names and words as gate has them; None where it refuses."""
    word, env, escape, lexing = vector
    answer: dict[str, Any] = {"text": None, "used": None, "unset": None, "words": None}
    try:
        found = expansion.expand(word, env, escape, lexing=lexing)
        answer |= {"text": found.text, "used": sorted(found.used), "unset": sorted(found.unset)}
    except ExpansionError:
        pass
    try:
        answer["words"] = expansion.expand_words(word, env, escape, lexing=lexing)
    except ExpansionError:
        pass
    return answer


def buildkit_answer(expanded: Mapping[str, Any]) -> dict[str, Any]:
    """The oracle's answer in the same shape."""
    failed = expanded["error"] is not None
    return {
        "text": None if failed else expanded["result"],
        "used": None if failed else sorted(expanded["matched"]),
        "unset": None if failed else sorted(expanded["unmatched"]),
        "words": None if expanded["words_error"] else expanded["words"],
    }
