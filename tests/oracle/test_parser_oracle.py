"""gate reads Dockerfiles as BuildKit v0.33.1 does: the hand-made table, every example, thousands of random files."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from gate.evidence.dockerfile.instructions import parse, parse_trigger, trigger_text
from gate.evidence.dockerfile.syntax import DockerfileError

from tests.assets.dockerfiles.table import CASES
from tests.support import dockerfile_agreement as agreement
from tests.support.dockerfile_grammar import dockerfile, smaller, valid_dockerfile
from tests.support.oracles import BuildkitOracle

pytestmark = pytest.mark.go

ROOT = Path(__file__).parents[2]
BATCHES = 12
FILES_A_BATCH = 500


def _complaints(oracle: BuildkitOracle, files: list[bytes]) -> list[str]:
    """The differences, each with a file made as small as it goes."""

    def differs(data: bytes) -> bool:
        return any(True for _ in agreement.disagreements(oracle, [data]))

    found = list(agreement.disagreements(oracle, files))
    return [f"{how}\n{smaller(data, differs)!r}" for data, how in found[:5]]


def test_every_hand_made_dockerfile_reads_the_same(buildkit_oracle):
    assert _complaints(buildkit_oracle, [case.data for case in CASES]) == []


def test_gate_is_stricter_than_buildkit_on_the_hand_made_table_only_about_nul(buildkit_oracle):
    stricter = []
    for case in CASES:
        reading = agreement.buildkit_reading(buildkit_oracle.parse(case.data))
        try:
            parse(case.data)
        except DockerfileError as error:
            if not reading["refused"]:
                stricter.append(error.message)
    assert set(stricter) == {"the file holds a NUL byte"}


def test_a_refused_instruction_is_placed_where_buildkit_places_it(buildkit_oracle):
    for case in CASES:
        reading = agreement.buildkit_reading(buildkit_oracle.parse(case.data))
        lines = reading.get("lines", [])
        try:
            parse(case.data)
        except DockerfileError as error:
            if reading["refused"] and lines and case.group != 23 and "directive" not in error.message:
                assert error.line in lines, case.name


def test_every_example_reads_the_same(buildkit_oracle):
    paths = [
        path for path in ROOT.joinpath("examples").rglob("*") if path.is_file() and "dockerfile" in path.name.lower()
    ]
    files = [path.read_bytes() for path in paths]
    assert files
    assert _complaints(buildkit_oracle, files) == []


@pytest.mark.parametrize("seed", range(BATCHES))
def test_random_dockerfiles_read_the_same(buildkit_oracle, seed):
    rng = random.Random(seed)
    files = [dockerfile(rng) for _ in range(FILES_A_BATCH)]
    assert _complaints(buildkit_oracle, files) == []
    accepted = sum(agreement.gate_reading(data)["refused"] is None for data in files)
    assert accepted > FILES_A_BATCH / 5


def test_options_of_check_are_refused_where_buildkit_refuses_them(buildkit_oracle):
    rng = random.Random(0)
    pieces = (
        "skip",
        "error",
        "experimental",
        "=",
        "=",
        ";",
        ";",
        "all",
        "A,B",
        "true",
        "0",
        " ",
        "x",
        "\u00a0",
        "False",
    )
    for _ in range(400):
        option = "".join(rng.choice(pieces) for _ in range(rng.randint(1, 6)))
        data = f"# check={option}\nFROM scratch\n".encode()
        refused = buildkit_oracle.build(data)["error"]
        ours = agreement.gate_reading(data)["refused"]
        assert bool(ours) == bool(refused and "check option" in refused["message"]), option


def test_triggers_are_read_again_as_buildkit_reads_them(buildkit_oracle):
    rng = random.Random(0)
    texts = set()
    while len(texts) < 600:
        try:
            parsed = parse(valid_dockerfile(rng))
        except DockerfileError:
            continue
        texts |= {trigger_text(instruction) for instruction in parsed.instructions if instruction.sub}
    for text in sorted(texts):
        answer = buildkit_oracle.parse(b"FROM a\n" + text.encode("utf-8", "surrogateescape"))
        reading = agreement.buildkit_reading(answer)
        try:
            ours = parse_trigger(text)
        except DockerfileError as error:
            assert reading["refused"] or len(reading["instructions"]) != 2, (text, error.message)
        else:
            assert not reading["refused"], text
            assert [found["values"] for found in reading["instructions"][1:]] == [list(ours.words)], text
