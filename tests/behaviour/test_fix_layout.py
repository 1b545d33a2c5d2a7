"""Fixing in files of every layout: line ends, BOM, escape directive, comments in continuations, findings in crowds."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from gate.fixes.edits import FIXABLE
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policies.cases import Case, all_cases
from tests.support.fixing import fixed, judging, worse
from tests.support.oracles import BuildkitOracle


def _cut(data: bytes) -> bytes:
    return data.rstrip(b"\n")


def _indented(data: bytes) -> bytes:
    return re.sub(rb"^(?=[A-Za-z])", b" \t", data, flags=re.MULTILINE)


def _crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


def _marked(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


def _backticks(data: bytes) -> bytes:
    return b"# escape=`\n" + data.replace(b"\\\n", b"`\n")


# Each changes how a file is laid out; fixing before it or after it gives the same.
LAYOUTS: list[Callable[[bytes], bytes]] = [_cut, _indented, _crlf, _marked, _backticks]


def cases() -> list[Case]:
    """The bad Dockerfiles of rules that have edits."""
    found = (case for case in all_cases() if case.rule in FIXABLE and case.source["expect"])
    return [case for case in found if "dockerfile" in case.source]


@pytest.mark.parametrize(
    ("case", "layout"),
    [pytest.param(case, LAYOUTS[n % len(LAYOUTS)], id=case.name) for n, case in enumerate(cases())],
)
def test_a_fix_does_not_depend_on_the_layout(case: Case, layout: Callable[[bytes], bytes]) -> None:
    data, judge = case.source["dockerfile"].encode(), judging(case.source)
    options = {"unsafe": True, "only": frozenset((case.rule,))}
    ours, theirs = fixed(layout(data), judge, **options).data, layout(fixed(data, judge, **options).data)
    if layout is _indented:  # a new line is not indented
        ours, theirs = (re.sub(rb"^ \t", b"", text, flags=re.MULTILINE) for text in (ours, theirs))
    assert ours.rstrip(b"\n") == theirs.rstrip(b"\n")


NOTE = b"    # why\n"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases()[::2]])
def test_comments_inside_an_instruction_stay_and_do_not_keep_it_from_being_fixed(case: Case) -> None:
    data, judge = case.source["dockerfile"].encode(), judging(case.source)
    spread = re.sub(rb" && (?=[a-z])", b" \\\\\n" + NOTE + b"    && ", data)
    options = {"unsafe": True, "only": frozenset((case.rule,))}
    ours = fixed(spread, judge, **options).data
    assert ours.count(NOTE) == spread.count(NOTE)
    if case.rule != "no-dist-upgrade":  # would have to take a comment along
        assert _plain(ours.replace(NOTE, b"")) == _plain(fixed(data, judge, **options).data)


def _plain(data: bytes) -> bytes:
    return re.sub(rb"[ \t]+", b" ", data.replace(b"\\\n", b""))


SNIPPETS = [
    "MAINTAINER Ada $X <a@b.c>", "maintainer Grace", "ENV A b c", "env B $A", "ENV C d \\\n\n  e", "LABEL v 1.0",
    "ADD src /src/", "ADD a b /c", "COPY x y /z", "COPY . . # all", "EXPOSE 8080:80 53/UDP", "ARG unused",
    "RUN sudo apt update", "RUN apt-get update", "RUN apt-get install curl", "RUN apt update && apt install a # b",
    "RUN apt-get update && \\\n  # why\n  apt-get install wget sudo", "run yum install a && dnf install b",
    "RUN set -eux; \\\n  apt-get update; \\\n  apt install -y c", "RUN zypper in a; apk add b", "RUN pip install a",
    "RUN <<EOF\nset -e\napt install x\npip3 install y\nEOF", "RUN sh -c 'apt install a && wget -k b'",
    "RUN wget http://a && curl -k https://b | sh", "RUN useradd -u 1234567 a && sudo -u a true", "RUN yarn install",
    "RUN --mount=type=cache,target=/c apt install a", "RUN npm install && go build -o a", "RUN apt-get upgrade -y",
    "CMD a b", 'CMD ["c"]', "ENTRYPOINT run 'x y'", "CMD [ 'a', 'b' ]", "HEALTHCHECK NONE", "HEALTHCHECK CMD a",
    "WORKDIR rel", "USER 0", "USER app", "ENV PATH $PATH:/x", "# a comment", "", "RUN echo ${TARGETARCH}",
    "ONBUILD RUN apt install a", "SHELL [\"/bin/bash\", \"-lc\"]", "RUN \\\n\n  apt \\\n\n  install \\\n a",
]  # fmt: skip
FROMS = ["FROM debian:12", "from alpine as base", "FROM --platform=$TARGETPLATFORM node:22 AS n", "FROM scratch"]
ENDS = ["\n", "\r\n"]


@st.composite
def crowds(draw: st.DrawFn) -> bytes:
    """Files of bad instructions, several stages, any line end, with or without BOM and last newline."""
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 2))):
        lines += [draw(st.sampled_from(FROMS)), *draw(st.lists(st.sampled_from(SNIPPETS), max_size=7))]
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return (mark + text.replace("\n", draw(st.sampled_from(ENDS)))).encode()


@pytest.mark.go
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=crowds(), unsafe=st.booleans())
def test_whatever_is_fixed_together_still_builds_alike(
    data: bytes, unsafe: bool, buildkit_oracle: BuildkitOracle
) -> None:
    judge = judging()
    before = judge(data)
    if before is None:
        return
    found = fixed(data, judge, unsafe=unsafe)
    after = judge(found.data)
    assert worse(before, after, found.rules) == {}
    assert fixed(found.data, judge, unsafe=unsafe).data == found.data
    assert found.data.startswith(b"\xef\xbb\xbf") == data.startswith(b"\xef\xbb\xbf")
    if b"\r\n" in data:
        assert found.data.count(b"\n") == found.data.count(b"\r\n")
    comments = re.compile(rb"^[ \t]*#.*?\r?$", re.MULTILINE)
    assert set(comments.findall(data)) <= set(comments.findall(found.data))
    old, new = (buildkit_oracle.parse(text) for text in (data, found.data))
    if old["error"] is None and old["stages_error"] is None:
        assert (new["error"], new["stages_error"]) == (None, None)
        assert [one["name"] for one in new["stages"]] == [one["name"] for one in old["stages"]]
