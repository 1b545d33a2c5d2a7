"""gate expands words as BuildKit v0.33.1 does: the table, and thousands of random words in every variant."""

from __future__ import annotations

import random

import pytest
from gate.evidence.dockerfile.expansion import Lexing

from tests.assets.dockerfiles.expansions import ENV, TEXTS, WORDS
from tests.support.dockerfile_grammar import environment, word
from tests.support.expansion_agreement import Vector, buildkit_answer, gate_answer
from tests.support.oracles import BuildkitOracle

pytestmark = pytest.mark.go

VARIANTS = (
    *[Lexing()] * 5,
    Lexing(quotes=False),
    Lexing(keep_quotes=True),
    Lexing(keep_escapes=True),
    Lexing(keep_unset=True),
    Lexing(keep_quotes=True, keep_unset=True),
    Lexing(keep_quotes=True, keep_escapes=True, keep_unset=True),
)


def _complaints(oracle: BuildkitOracle, vectors: list[Vector]) -> list[str]:
    found = []
    for vector, answer in zip(vectors, oracle.ask_all(vector.request() for vector in vectors), strict=True):
        ours, theirs = gate_answer(vector), buildkit_answer(answer["expand"])
        if ours != theirs:
            found.append(f"{vector}\ngate {ours}\nBuildKit {theirs}")
    return found[:5]


def test_every_word_of_the_table_expands_the_same(buildkit_oracle):
    vectors = [Vector(text.word, ENV, text.escape) for text in TEXTS]
    vectors += [Vector(words, ENV) for words, _ in WORDS]
    assert _complaints(buildkit_oracle, vectors) == []


@pytest.mark.parametrize("seed", range(6))
def test_random_words_expand_the_same(buildkit_oracle, seed):
    rng = random.Random(seed)
    vectors = [Vector(word(rng), environment(rng), rng.choice("\\\\`"), rng.choice(VARIANTS)) for _ in range(2_000)]
    assert _complaints(buildkit_oracle, vectors) == []
    accepted = sum(gate_answer(vector)["text"] is not None for vector in vectors)
    assert accepted > 800
