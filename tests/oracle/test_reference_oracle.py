"""The reference oracle gives answers known beforehand."""

import pytest

pytestmark = pytest.mark.go

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("reference", "docker"),
    [
        ("ubuntu", ("docker.io", "library/ubuntu", "latest", "")),
        ("ubuntu:22.04", ("docker.io", "library/ubuntu", "22.04", "")),
        ("acme/api", ("docker.io", "acme/api", "latest", "")),
        ("index.docker.io/ubuntu", ("docker.io", "library/ubuntu", "latest", "")),
        ("localhost/x", ("localhost", "x", "latest", "")),
        ("Approved/x", ("Approved", "x", "latest", "")),
        ("r.test:5000/a/b:1@" + DIGEST, ("r.test:5000", "a/b", "", DIGEST)),
    ],
)
def test_it_normalizes_as_docker_does(reference_oracle, reference, docker):
    found = reference_oracle.parse(reference)
    assert found["error"] is None
    assert tuple(found["docker"][key] for key in ("domain", "path", "tag", "digest")) == docker


def test_it_keeps_tag_and_digest_apart_before_docker_drops_the_tag(reference_oracle):
    normalized = reference_oracle.parse("a:1@" + DIGEST)["normalized"]
    assert normalized == {
        "text": "docker.io/library/a:1@" + DIGEST,
        "familiar": "a:1@" + DIGEST,
        "domain": "docker.io",
        "path": "library/a",
        "tag": "1",
        "digest": DIGEST,
    }


def test_what_is_no_reference_is_an_error(reference_oracle):
    wrong = ["", "UPPER", "a b", "a:", "a@sha256:12", "-a", "a//b", "0" * 64, "https://a/b", "a:" + "t" * 129]
    for text, found in zip(wrong, reference_oracle.parse_all(wrong), strict=True):
        assert found["error"], text
        assert found["docker"] is None
