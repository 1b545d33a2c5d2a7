"""Image references as people write them, and what they mean."""

import pytest
from gate.errors import ReferenceError_
from gate.evidence.image import reference

SHA256 = "sha256:" + "0123456789abcdef" * 4
SHA512 = "sha512:" + "0123456789abcdef" * 8


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nginx", ("docker.io", "library/nginx", None, None)),
        ("nginx:1.27", ("docker.io", "library/nginx", "1.27", None)),
        ("acme/api", ("docker.io", "acme/api", None, None)),
        ("docker.io/nginx", ("docker.io", "library/nginx", None, None)),
        ("index.docker.io/acme/api", ("docker.io", "acme/api", None, None)),
        ("localhost/x", ("localhost", "x", None, None)),
        ("localhost", ("docker.io", "library/localhost", None, None)),
        ("localhost:5000/x", ("localhost:5000", "x", None, None)),
        ("Registry/x", ("Registry", "x", None, None)),
        ("[::1]:5000/a/b", ("[::1]:5000", "a/b", None, None)),
        ("r.test/a/b:1@" + SHA256, ("r.test", "a/b", "1", SHA256)),
        ("a@" + SHA512, ("docker.io", "library/a", None, SHA512)),
        ("my_host.io/x", ("", "my_host.io/x", None, None)),
    ],
)
def test_short_names_get_their_registry_and_namespace(text, parts):
    found = reference.parse(text)
    assert (found.registry, found.repository, found.tag, found.digest) == parts


@pytest.mark.parametrize(
    ("text", "normalized", "familiar"),
    [
        ("alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"),
        ("docker.io/acme/api", "docker.io/acme/api", "acme/api"),
        ("ghcr.io/x/y@" + SHA256, "ghcr.io/x/y@" + SHA256, "ghcr.io/x/y@" + SHA256),
        ("my_host.io/x:1", "my_host.io/x:1", "my_host.io/x:1"),
    ],
)
def test_a_reference_is_written_in_full_or_as_people_write_it(text, normalized, familiar):
    found = reference.parse(text)
    assert (found.normalized, found.familiar, str(found)) == (normalized, familiar, normalized)


def test_a_registry_is_asked_for_the_digest_before_the_tag():
    assert reference.parse("a:1@" + SHA256).wanted == SHA256
    assert reference.parse("a:1").wanted == "1"
    assert reference.parse("a").wanted == "latest"


def test_pinning_keeps_the_tag():
    assert reference.parse("a:1").pinned(SHA256).normalized == "docker.io/library/a:1@" + SHA256


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "an image reference is empty", None),
        ("Acme/API", '"Acme/API": the repository must be lower case', "did you mean acme/api?"),
        ("https://ghcr.io/x", '"https://ghcr.io/x": not an image reference', "leave the https:// away"),
        ("0" * 64, f'"{"0" * 64}": 64 hex digits name no repository', "write the repository in front: name@sha256:..."),
        ("a@sha256:" + "0" * 63, f'"a@sha256:{"0" * 63}": sha256 digest with a wrong algorithm or length', None),
        ("a@md5:" + "0" * 32, f'"a@md5:{"0" * 32}": md5 digest with a wrong algorithm or length', None),
        ("a" * 256, f'"{"a" * 80}": the repository is longer than 255 characters', None),
        ("a" * 5000, f'"{"a" * 80}": longer than 4096 characters', None),
    ],
)
def test_what_docker_refuses_is_an_error_that_says_what_to_do(text, message, hint):
    with pytest.raises(ReferenceError_) as caught:
        reference.parse(text)
    assert (str(caught.value), caught.value.hint) == (message, hint)


@pytest.mark.parametrize("text", ["a b", "a:", "-a", "a//b", "/a", "a/", "a:b:c", "a@b", "a\n", "a:" + "t" * 129, "é"])
def test_other_texts_are_no_references(text):
    with pytest.raises(ReferenceError_):
        reference.parse(text)
