"""Our reading of image references against Docker's own, on random texts."""

import random

import pytest
from gate.errors import ReferenceError_
from gate.evidence.image import reference

pytestmark = pytest.mark.go

TEXTS = 10_000
HOSTS = [
    "",
    "docker.io/",
    "index.docker.io/",
    "localhost/",
    "localhost:5000/",
    "ghcr.io/",
    "Reg.test/",
    "[::1]:80/",
    "1.2.3.4/",
]
PIECES = ["a", "library", "acme", "x-y", "x--y", "x__y", "x._y", "my_host.io", "9", "A", "é", "", "-", "a" * 130]
TAGS = ["", "", ":1", ":latest", ":3.10-slim", ":_", ":-", ":" + "t" * 128, ":" + "t" * 129, ":é", ":"]
ALGORITHMS = ["sha256", "sha384", "sha512", "SHA256", "md5", "sha256+b64"]
NOISE = [*list("abzABZ019._-/:@[]% \n\t\x00é"), "//", "::", "@sha256:", "docker.io", "library/"]


def some_digest(source):
    if source.random() < 0.6:
        return ""
    length = source.choice([64, 64, 64, 96, 128, 63, 32])
    return "@" + source.choice(ALGORITHMS) + ":" + "".join(source.choices("0123456789abcdef", k=length))


def some_text(source):
    if source.random() < 0.1:
        return "".join(source.choices(NOISE, k=source.randrange(0, 12)))
    path = "/".join(source.choices(PIECES, k=source.randrange(1, 4)))
    text = source.choice(HOSTS) + path + source.choice(TAGS) + some_digest(source)
    for _ in range(source.choice([0, 0, 1, 2])):
        at = source.randrange(len(text) + 1)
        text = text[:at] + source.choice(NOISE) + text[at + source.randrange(2) :]
    return text


def ours(text):
    try:
        found = reference.parse(text)
    except ReferenceError_:
        return None
    return (found.normalized, found.familiar, found.registry, found.repository, found.tag or "", found.digest or "")


def dockers(answer):
    found = answer["normalized"]
    return found and tuple(found[key] for key in ("text", "familiar", "domain", "path", "tag", "digest"))


def test_random_texts_are_read_as_docker_reads_them(reference_oracle):
    source = random.Random(20261121)
    texts = [some_text(source) for _ in range(TEXTS)]
    answers = [dockers(answer) for answer in reference_oracle.parse_all(texts)]
    accepted = sum(answer is not None for answer in answers)
    assert TEXTS // 10 < accepted < TEXTS * 9 // 10, "the texts are too easy or too hard to tell anything"
    assert {text: ours(text) for text in texts} == dict(zip(texts, answers, strict=True))


def test_what_a_registry_is_asked_for_is_what_docker_asks_for(reference_oracle):
    texts = ["a", "a:1", "a:1@sha256:" + "0" * 64, "ghcr.io/x@sha512:" + "f" * 128]
    asked = [answer["docker"]["digest"] or answer["docker"]["tag"] for answer in reference_oracle.parse_all(texts)]
    assert [reference.parse(text).wanted for text in texts] == asked
