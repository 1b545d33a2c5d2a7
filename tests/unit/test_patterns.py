"""Patterns are segments, never string prefixes; their expressions mean the same in Python, RE2 and Rust."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from gate.evidence.image.reference import parse
from gate.settings import patterns
from gate.settings.patterns import Name, compile_image, compile_url, matches, name_of, name_regex, path_regex, tag_regex
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

# --- a naive matcher to compare with ---------------------------------------------------------------------------------


def naive_segment(pattern: str, text: str) -> bool:
    """Whether ``*`` stands for any characters makes the two equal."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive_segment(pattern[1:], text[skip:]) for skip in range(len(text) + 1))
    return bool(text) and text[0] == pattern[0] and naive_segment(pattern[1:], text[1:])


def naive(pattern: str, path: str) -> bool:
    """Segments one by one; a last ``**`` takes one or more; a lone ``*`` takes no empty segment."""
    wanted, given_ = pattern.split("/"), path.split("/")
    if wanted[-1] == "**":
        wanted = wanted[:-1]
        if len(given_) <= len(wanted) or "" in given_[len(wanted) :]:
            return False
        given_ = given_[: len(wanted)]
    return len(wanted) == len(given_) and all(
        naive_segment(one, other) and bool(other) for one, other in zip(wanted, given_, strict=True)
    )


segments = st.text(alphabet="ab-.0", min_size=1, max_size=4)
globs = st.text(alphabet="ab-.0*", min_size=1, max_size=4).filter(lambda t: "**" not in t and t.strip(".") != "")
paths = st.lists(segments, min_size=1, max_size=4).map("/".join)
wild = st.tuples(st.lists(globs, min_size=1, max_size=4), st.booleans()).map(lambda p: "/".join(p[0] + ["**"] * p[1]))


@given(wild, paths)
def test_path_patterns_match_as_a_naive_matcher_does(pattern: str, path: str) -> None:
    assert (re.fullmatch(path_regex(pattern), path) is not None) == naive(pattern, path)


@given(wild, paths)
def test_image_patterns_match_as_a_naive_matcher_does(pattern: str, path: str) -> None:
    pattern, path = f"ghcr.io/{pattern}", f"ghcr.io/{path}"
    assert matches(compile_image(pattern), Name(path, None, "sha256:x")) == naive(pattern, path)


@given(globs.filter(lambda text: not text.startswith((".", "-"))), segments)
def test_tag_patterns_match_as_a_naive_matcher_does(pattern: str, tag: str) -> None:
    assert (re.fullmatch(tag_regex(pattern), tag) is not None) == naive_segment(pattern, tag)


pairs = st.tuples(wild, paths)


def cases(pattern: str, path: str) -> list[tuple[str, str]]:
    """Every kind of expression, each with a text it may match."""
    url = compile_url(f"https://*.h/{pattern}")["regex"]
    return [
        (path_regex(pattern), path),
        (patterns.image_regex(f"ghcr.io/{pattern}"), f"ghcr.io/{path}"),
        (url, f"https://a.h/{path}"),
        (url, f"https://a.h/{path}/../x"),
        (url, f"https://a.h/{path}\\..%2e"),
        (tag_regex("v" + pattern.split("/")[0]), "v" + path.split("/")[0]),
    ]


MODULE = "package p\nanswers := [regex.match(one[0], one[1]) | some one in input]\n"


def sampled() -> list[tuple[str, str]]:
    """A few thousand cases, the same in every run."""
    found: list[tuple[str, str]] = []

    @seed(20261121)
    @settings(max_examples=400, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(pairs)
    def collect(pair: tuple[str, str]) -> None:
        found.extend(cases(*pair))

    collect()
    return found


def test_regorus_reads_the_expressions_as_python_does() -> None:
    regorus = pytest.importorskip("regorus")
    engine = regorus.Engine()
    engine.add_policy("p.rego", MODULE)
    found = sampled()
    engine.set_input_json(json.dumps(found))
    answers = json.loads(engine.eval_rule_as_json("data.p.answers"))
    assert answers == [re.fullmatch(regex, text) is not None for regex, text in found]
    assert {True, False} == set(answers)


@pytest.mark.go
def test_opa_reads_the_expressions_as_python_does(opa_binary: Path, tmp_path: Path) -> None:
    (tmp_path / "p.rego").write_text(MODULE)
    found = sampled()
    run = subprocess.run(
        [opa_binary, "eval", "-f", "raw", "-I", "-d", tmp_path / "p.rego", "data.p.answers"],
        input=json.dumps(found).encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(run.stdout) == [re.fullmatch(regex, text) is not None for regex, text in found]


# --- images ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "regex"),
    [
        ("scratch", "^scratch$"),
        ("alpine", r"^docker\.io/library/alpine$"),
        ("docker.io/alpine", r"^docker\.io/library/alpine$"),
        ("index.docker.io/alpine", r"^docker\.io/library/alpine$"),
        ("docker.io/library/alpine", r"^docker\.io/library/alpine$"),
        ("acme/api", r"^docker\.io/acme/api$"),
        ("gcr.io/distroless/*", r"^gcr\.io/distroless/[^/]+$"),
        ("ghcr.io/acme/ml-*", r"^ghcr\.io/acme/ml\-[^/]*$"),
        ("ghcr.io/acme/**", r"^ghcr\.io/acme/.+$"),
        ("docker.io/**", r"^docker\.io/.+$"),
        ("*.acme.dev/base/*", r"^[^/]*\.acme\.dev/base/[^/]+$"),
        ("localhost:5000/x", r"^localhost:5000/x$"),
        ("[::1]:5000/x", r"^\[::1\]:5000/x$"),
        ("**", "^.+$"),
    ],
)
def test_an_image_pattern_compiles_to_an_anchored_expression(pattern: str, regex: str) -> None:
    assert compile_image(pattern) == {"image": pattern, "regex": regex, "tags": [], "not_tags": [], "max_age": None}


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("ghcr.io/**/x", "the ** is not the last segment"),
        ("ghcr.io/a**", "the ** is not the last segment"),
        ("**/x", "the ** is not the last segment"),
        ("*/x", "does not say which registry"),
        ("alpine:3.20", 'write {image: "alpine", tags: ["3.20"]}'),
        ("ghcr.io/acme/api:1", 'write {image: "ghcr.io/acme/api", tags: ["1"]}'),
        ("alpine@sha256:00", "holds a digest"),
        ("ghcr.io//x", "has an empty segment"),
        ("ghcr.io/x/", "has an empty segment"),
        ("ghcr.io/Acme", "has upper case"),
        ("ghcr.io/a b", "characters no image reference has"),
        ("ghcr.io/(x)", "characters no image reference has"),
        ("https://ghcr.io/x", "characters no image reference has"),
        ("ghcr.io/a*b*c*d*e*f", "holds more than 4 *"),
    ],
)
def test_a_pattern_that_means_nothing_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        compile_image(pattern)


D = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("pattern", "reference", "expected"),
    [
        pytest.param(("alpine",), "alpine", True, id="short names"),
        pytest.param(("alpine",), "alpine:edge", True, id="any tag"),
        pytest.param(("alpine",), "docker.io/library/alpine:3", True, id="long name"),
        pytest.param(("alpine",), "ghcr.io/library/alpine", False, id="other registry"),
        pytest.param(("alpine",), "alpine2", False, id="no string prefix"),
        pytest.param(("ghcr.io/acme/*",), "ghcr.io/acme/a/b", False, id="a star is one segment"),
        pytest.param(("ghcr.io/acme/**",), "ghcr.io/acme/a/b", True, id="two stars are more"),
        pytest.param(("ghcr.io/acme/**",), "ghcr.io/acme-evil/a", False, id="two stars are below"),
        pytest.param(("ghcr.io/acme/**",), "ghcr.io.evil.com/acme/a", False, id="hosts are whole"),
        pytest.param(("ghcr.io/acme/**",), "ghcrXio/acme/a", False, id="dots are dots"),
        pytest.param(("python", ["3.*"]), "python:3.12", True, id="a tag that counts"),
        pytest.param(("python", ["3.*"]), "python:2.7", False, id="a tag that does not"),
        pytest.param(("python", ["3.*"]), "python", False, id="no tag is latest"),
        pytest.param(("python", ["latest"]), "python", True, id="latest is no tag"),
        pytest.param(("python", ["3.*"]), f"python:2.7@{D}", True, id="with a digest the tag is decoration"),
        pytest.param(("python", None, ["*-dev*"]), "python:3-dev", False, id="a tag that is ruled out"),
        pytest.param(("python", None, ["*-dev*"]), "python:3", True, id="a tag that is not"),
        pytest.param(("python", ["3*"], ["*-dev"]), "python:3-dev", False, id="ruled out beats counted"),
        pytest.param(("scratch",), "scratch", True, id="scratch"),
        pytest.param(("alpine",), "scratch", False, id="scratch is no image"),
        pytest.param(("**",), "scratch", True, id="everything"),
        pytest.param(("localhost:5000/x",), "localhost:5000/x:1", True, id="a port is no tag"),
        pytest.param(("ghcr.io/acme/api",), "ghcr.io/acme/api\n", False, id="no newline at the end"),
    ],
)
def test_a_pattern_covers_a_reference(
    pattern: tuple[str, list[str], list[str]], reference: str, expected: bool
) -> None:
    name = name_of(reference)
    assert (name is not None and matches(compile_image(*pattern), name)) is expected


hosts = st.sampled_from(["", "docker.io/", "ghcr.io/", "localhost/", "localhost:5000/", "127.0.0.1:5000/", "acme/"])
words = st.from_regex(r"[a-z0-9]+(?:[._-][a-z0-9]+)?(?:/[a-z0-9]{1,5})?", fullmatch=True)
tails = st.sampled_from(["", ":1", ":v1.2-x", f"@{D}", f":1@{D}"])


@given(hosts, words, tails)
def test_names_are_taken_apart_as_references_are_parsed(host: str, word: str, tail: str) -> None:
    reference = parse(host + word + tail)
    assert name_of(host + word + tail) == Name(
        f"{reference.registry}/{reference.repository}", reference.tag, reference.digest
    )


# --- names, tags, paths, URLs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [("dev-*", "dev-a", True), ("dev-*", "xdev-a", False), ("*", "", True), ("a.b", "axb", False)],
)
def test_names_match_as_a_whole(pattern: str, text: str, expected: bool) -> None:
    assert (re.fullmatch(name_regex(pattern), text) is not None) is expected


@pytest.mark.parametrize("pattern", ["", "a/b", "a b", "a$", "é"])
def test_what_is_no_name_or_tag_is_refused(pattern: str) -> None:
    for compile_ in (name_regex, tag_regex):
        with pytest.raises(ValueError, match="pattern"):
            compile_(pattern)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("Dockerfile", "Dockerfile", True),
        ("Dockerfile", "a/Dockerfile", False),
        ("./a/*/Dockerfile", "a/b/Dockerfile", True),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("a/**", "ab/c", False),
        ("**", "x", True),
    ],
)
def test_paths_match_by_segments(pattern: str, path: str, expected: bool) -> None:
    assert (re.fullmatch(path_regex(pattern), path) is not None) is expected


@pytest.mark.parametrize("pattern", ["/a", "../a", "a/../b", "a//b", "a/", "**/a", "a/**/b", "a\x00"])
def test_paths_that_leave_the_project_or_mean_nothing_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"path|\*\*"):
        path_regex(pattern)


@pytest.mark.parametrize(
    ("pattern", "url", "expected"),
    [
        ("https://github.com/acme/**", "https://github.com/acme/x/y.tgz", True),
        ("https://github.com/acme/**", "https://github.com/acme/x.git#main:sub", True),
        ("https://github.com/acme/**", "https://github.com/acme/../evil/x", False),
        ("https://github.com/acme/**", "https://github.com/acme/x/../../evil", False),
        ("https://github.com/acme/**", "https://github.com/acme/%2e%2e/evil", False),
        ("https://github.com/acme/**", "https://github.com/acme/..\\evil", False),
        ("https://github.com/acme/**", "https://github.com/acme/..x/.y", True),
        ("https://github.com/acme/**", "https://github.com.evil.com/acme/x", False),
        ("https://github.com/acme/**", "https://evil.com@github.com/acme/x", False),
        ("https://github.com/acme/**", "http://github.com/acme/x", False),
        ("https://*.acme.dev/**", "https://dl.acme.dev/x", True),
        ("https://*.acme.dev/**", "https://a.b.acme.dev/x", False),
        ("https://*.acme.dev/**", "https://evil.com?.acme.dev/x", False),
        ("https://*.acme.dev/**", "https://evil.com#.acme.dev/x", False),
        ("https://acme.dev/*/x", "https://acme.dev/a/x", True),
        ("https://acme.dev/*/x", "https://acme.dev/../x", False),
        ("https://acme.dev/", "https://acme.dev/", True),
    ],
)
def test_url_patterns_leave_no_way_out_of_what_is_meant(pattern: str, url: str, expected: bool) -> None:
    assert (re.fullmatch(compile_url(pattern)["regex"], url) is not None) is expected


@pytest.mark.parametrize(
    "pattern", ["github.com/acme", "https://", "https:///x", "https://**/x", "https://a/**/b", "*://a/b"]
)
def test_url_patterns_without_scheme_or_host_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError):
        compile_url(pattern)
