"""Edits to the character: what each rule's edit writes in layouts and shapes that its cases do not show."""

from __future__ import annotations

import pytest
from gate.finding import Result
from gate.fixes.apply import MAX_JUDGED, fix

from tests.support.fixing import judging, rewritten

BASE = "FROM debian:12-slim\n"
END = "USER 65532:65532\n"

# Rule, what stands between BASE and END, and what then stands there; None: the same.
SAFE: list[tuple[str, str, str | None]] = [
    # ENV and LABEL: the value stays what it was, blanks, quotes and escapes included.
    ("env-format", "ENV A  b c\n", 'ENV A="b c"\n'),
    ("env-format", 'ENV A "b c" d\n', 'ENV A="b c"\\ d\n'),
    ("env-format", "ENV A b\\ c  d\n", "ENV A=b\\ c\\ \\ d\n"),
    ("env-format", "ENV\tA\t$PATH:/x\n", "ENV\tA=$PATH:/x\n"),
    ("env-format", "  ENV A b c \\\n    # why\n    d\n", '  ENV A="b c \\\n    # why\n    d"\n'),
    ("env-format", "ENV A \\\n  b\n", None),
    ("env-format", "LABEL a 'b c'\n", "LABEL a='b c'\n"),
    ("env-format", 'ENV A {"b": 1}\n', 'ENV A={"b":\\ 1}\n'),
    # MAINTAINER was never expanded.
    ("no-maintainer", 'MAINTAINER "Ada" <a@b.c>\n', 'LABEL org.opencontainers.image.authors="\\"Ada\\" <a@b.c>"\n'),
    ("no-maintainer", 'MAINTAINER "Ada <a@b.c>"\n', 'LABEL org.opencontainers.image.authors="Ada <a@b.c>"\n'),
    ("no-maintainer", "MAINTAINER $A \\x\n", 'LABEL org.opencontainers.image.authors="\\$A \\\\x"\n'),
    ("no-maintainer", "maintainer Ada \\\n  Byron\n", 'label org.opencontainers.image.authors="Ada \\\n  Byron"\n'),
    ("no-maintainer", 'LABEL org.opencontainers.image.authors="x"\nMAINTAINER Ada\n', None),
    # Keywords.
    ("casing", "run --mount=type=cache,target=/x true\nEnv A=1\n", "RUN --mount=type=cache,target=/x true\nENV A=1\n"),
    ("copy-not-add", "add --chown=7 a b /c/\n", "copy --chown=7 a b /c/\n"),
    ("copy-not-add", 'ADD ["a b", "/c/"]\n', 'COPY ["a b", "/c/"]\n'),
    ("copy-not-add", "ADD a* /c/\n", None),
    ("copy-multi-slash", "COPY a b \\\n  /c # d\n", None),
    ("copy-multi-slash", 'COPY ["a", "b", "/c" ]\n', 'COPY ["a", "b", "/c/" ]\n'),
    ("single-instruction", '# one\nCMD ["a"]\n\n# two\nCMD ["b"]\n', '# one\n\n# two\nCMD ["b"]\n'),
    ("single-instruction", 'CMD ["a", \\\n  "b"]\nCMD ["c"]\n', 'CMD ["c"]\n'),
    ("empty-continuation", "RUN a && \\\n\n \t\n  b <<E\n\nc\nE\n", "RUN a && \\\n  b <<E\n\nc\nE\n"),
    ("empty-continuation", "RUN a \\\n\nCOPY b /c\n", None),
    ("port-valid", "EXPOSE 80 127.0.0.1:81:82/TCP \\\n  90-91:92-93\n", "EXPOSE 80 82/tcp \\\n  92-93\n"),
    ("port-valid", "ARG P=1\nEXPOSE $P 1:2\n", "ARG P=1\nEXPOSE $P 2\n"),
    ("arg-unused", "ARG A=1\nENV A=2\n", None),
    ("arg-unused", "RUN true\nARG A=1 B=2\n", "RUN true\n"),
    # Exec form: plain words only.
    ("exec-form", "CMD  curl  -o 'a b' \"c,d\"\n", 'CMD  ["curl",  "-o", "a b", "c,d"]\n'),
    ("exec-form", "CMD curl \\\n  # why\n  -v\n", 'CMD ["curl", \\\n  # why\n  "-v"]\n'),
    ("exec-form", "CMD curl $URL\n", None),
    ("exec-form", "CMD curl *.txt\n", None),
    ("exec-form", "CMD A=1 curl\n", None),
    ("exec-form", "CMD curl a > b\n", None),
    ("exec-form", "CMD curl ~/a\n", None),
    ("exec-form", "CMD cd /a\n", None),
    ("exec-form", "CMD /start.sh\n", None),
    ("exec-form", "CMD ./server --port 1\n", None),
    ("exec-form", 'SHELL ["/bin/bash", "-lc"]\nCMD curl a\n', None),
    ("exec-form", 'ENTRYPOINT curl a\nCMD ["b"]\n', None),
    ("exec-form", 'ENTRYPOINT ["/e"]\nCMD curl a\n', None),
    # Package managers.
    ("non-interactive", "RUN apt-get install a\n", "RUN apt-get install -y a\n"),
    ("non-interactive", "RUN apt-get -t x install a\n", "RUN apt-get -y -t x install a\n"),
    ("non-interactive", "RUN sh -c 'apt-get install a'\n", "RUN sh -c 'apt-get install -y a'\n"),
    ("non-interactive", "RUN <<E\nset -e\napt-get install a\nE\n", "RUN <<E\nset -e\napt-get install -y a\nE\n"),
    (
        "non-interactive",
        "RUN apt-get install a && \\\n  # b\n  apt-get install c\n",
        "RUN apt-get install -y a && \\\n  # b\n  apt-get install -y c\n",
    ),
    ("non-interactive", "RUN echo apt-get install a\n", None),
    ("apt-not-aptget", "RUN apt upgrade -y\n", "RUN apt-get upgrade --with-new-pkgs -y\n"),
    ("apt-not-aptget", "RUN /usr/bin/apt full-upgrade\n", "RUN /usr/bin/apt-get dist-upgrade\n"),
    ("apt-not-aptget", "RUN apt show a\n", "RUN apt-cache show a\n"),
    ("apt-not-aptget", "RUN apt list\n", None),
    ("clean-lang-cache", "RUN a && pip3 install -U b\n", "RUN a && pip3 install --no-cache-dir -U b\n"),
    ("clean-lang-cache", "RUN yarn install\n", None),
    (
        "clean-os-cache",
        "RUN apt-get update \\\n && apt-get install -y \\\n      a \\\n      # b\n      c\n",
        "RUN apt-get update \\\n && apt-get install -y \\\n      a \\\n      # b\n      c \\\n && rm -rf /var/lib/apt/lists/*\n",
    ),
    (
        "clean-os-cache",
        "RUN apt-get update && \\\n    apt-get install -y a\n",
        "RUN apt-get update && \\\n    apt-get install -y a && \\\n    rm -rf /var/lib/apt/lists/*\n",
    ),
    (
        "clean-os-cache",
        "RUN set -eux; \\\n\tapt-get update; \\\n\tapt-get install -y a\n",
        "RUN set -eux; \\\n\tapt-get update; \\\n\tapt-get install -y a; \\\n\trm -rf /var/lib/apt/lists/*\n",
    ),
    (
        "clean-os-cache",
        "RUN <<-E\n\tset -e\n\tapt-get update\n\tapt-get install -y a\nE\n",
        "RUN <<-E\n\tset -e\n\tapt-get update\n\tapt-get install -y a\n\trm -rf /var/lib/apt/lists/*\nE\n",
    ),
    ("clean-os-cache", "RUN <<E\napt-get update\napt-get install -y a\nE\n", None),
    ("clean-os-cache", "RUN apt-get update && apt-get install -y a # b\n", None),
    (
        "clean-os-cache",  # the second reads the lists of the first
        "RUN apt-get update && apt-get install -y a\nRUN apt-get install -y b\n",
        "RUN apt-get update && apt-get install -y a\nRUN apt-get install -y b && rm -rf /var/lib/apt/lists/*\n",
    ),
    (
        "update-alone",
        "RUN apt-get update\n\n# tools\nRUN apt-get install -y a && \\\n  b\n",
        "RUN apt-get update \\\n# tools\n && apt-get install -y a && \\\n  b\n",
    ),
    ("update-alone", "RUN apt-get update\nRUN apt-get install -y a || true\n", None),
    ("update-alone", "RUN apt-get update\nRUN --network=none apt-get install -y a\n", None),
    ("update-alone", "RUN apt-get update\nENV A=1\nRUN apt-get install -y a\n", None),
    # apk add --no-cache reads an index of its own.
    ("update-alone", "RUN apk update\nRUN apk add --no-cache a\n", "RUN apk add --no-cache a\n"),
    (
        "update-alone",
        "RUN apk update\nRUN apk add --no-cache a\nRUN apk add b\n",
        "RUN apk update \\\n && apk add --no-cache a\nRUN apk add b\n",
    ),
    (
        "update-alone",  # who knows what the script adds
        "RUN apk update\nRUN apk add --no-cache a\nRUN sh b\n",
        "RUN apk update \\\n && apk add --no-cache a\nRUN sh b\n",
    ),
    (
        "update-alone",
        "RUN apk update\nRUN apk add --no-cache a && /b.sh\n",
        "RUN apk update \\\n && apk add --no-cache a && /b.sh\n",
    ),
    # What the shell of the first would hand to the second.
    ("update-alone", "RUN cd /tmp && apt-get update\nRUN apt-get install -y ./a.deb\n", None),
    ("update-alone", "RUN export A=1 && apt-get update\nRUN apt-get install -y a\n", None),
    ("update-alone", "RUN A=1; apt-get update\nRUN apt-get install -y a$A\n", None),
    ("update-alone", "RUN set -u; apt-get update\nRUN apt-get install -y a$A\n", None),
    ("update-alone", "RUN apt-get update; exit 0\nRUN apt-get install -y a\n", None),
    ("update-alone", "RUN echo() { :; }; apt-get update; echo\nRUN apt-get install -y a\n", None),
    (
        "update-alone",
        "RUN set -ex; A=1 apt-get update\nRUN apt-get install -y a\n",
        "RUN set -ex; A=1 apt-get update \\\n && apt-get install -y a\n",
    ),
    # Other programs.
    ("no-sudo", "RUN sudo -E a && sudo b\n", "RUN a && b\n"),
    ("no-sudo", "USER 7\nRUN sudo a\n", None),
    ("no-sudo", "RUN sudo A=1 b\n", None),
    ("wget-quiet", "RUN wget a; wget -q b; wget c\n", "RUN wget -nv a; wget -q b; wget -nv c\n"),
    ("useradd-l", "RUN useradd -u 1000000 a\n", "RUN useradd --no-log-init -u 1000000 a\n"),
    ("wget-quiet", "RUN busybox wget a\n", "RUN busybox wget -q a\n"),
    (
        "clean-os-cache",
        "USER 7\nRUN sudo apt-get update && sudo apt-get install -y a\n",
        "USER 7\nRUN sudo apt-get update && sudo apt-get install -y a && sudo rm -rf /var/lib/apt/lists/*\n",
    ),
    # A comment that exempts what is below it stays above just that.
    ("single-instruction", '# hadolint ignore=DL3025\nCMD ["a"]\nCMD ["b"]\n', None),
    ("update-alone", "RUN apt-get update\n# hadolint ignore=DL3008\nRUN apt-get install -y a\n", None),
    # ONBUILD is another build's.
    ("non-interactive", "ONBUILD RUN apt-get install a\n", None),
]

UNSAFE: list[tuple[str, str, str | None]] = [
    ("exec-form", "CMD /start.sh\n", 'CMD ["/start.sh"]\n'),
    ("copy-not-add", "ADD a* /c/\n", "COPY a* /c/\n"),
    ("tls-verify", "RUN curl --insecure -o a https://b\n", "RUN curl -o a https://b\n"),
    (
        "tls-verify",
        "RUN wget \\\n      --no-check-certificate \\\n      https://b\n",
        "RUN wget \\\n      \\\n      https://b\n",
    ),
    ("tls-verify", "RUN pip install --trusted-host=x a\n", "RUN pip install a\n"),
    ("pkg-signature", "RUN apt-get install --force-yes a\n", "RUN apt-get install -y a\n"),
    ("pkg-signature", "RUN apt-get install -y --force-yes a\n", "RUN apt-get install -y a\n"),
    ("no-recommends", "RUN apt-get install -y a\n", "RUN apt-get install -y --no-install-recommends a\n"),
    ("no-recommends", "RUN apt-get install a\n", "RUN apt-get install --no-install-recommends a\n"),
    ("no-dist-upgrade", "RUN a && apt-get upgrade -y && b\n", "RUN a && b\n"),
    ("no-dist-upgrade", "RUN a \\\n  && apt-get upgrade -y \\\n  && b\n", "RUN a \\\n  && b\n"),
    ("no-dist-upgrade", "RUN a && apt-get upgrade -y\n", "RUN a\n"),
    ("no-dist-upgrade", "RUN a \\\n  && apt-get upgrade -y \\\n  # b\n  && c\n", None),
    ("no-dist-upgrade", "RUN a || apt-get upgrade -y\n", None),
    ("dev-dependencies", "RUN npm ci && b\n", "RUN npm ci --omit=dev && b\n"),
    ("dev-dependencies", "RUN yarn\n", "RUN yarn --production\n"),
    (
        "undefined-variable",
        "# where\nCOPY a /$TARGETARCH/\n",
        "ARG TARGETARCH\n# where\nCOPY a /$TARGETARCH/\n",
    ),
]


@pytest.mark.parametrize(("rule", "before", "after"), SAFE)
def test_an_edit_to_the_character(rule: str, before: str, after: str | None) -> None:
    assert rewritten(BASE + before + END, rule) == BASE + (before if after is None else after) + END


@pytest.mark.parametrize(("rule", "before", "after"), UNSAFE)
def test_an_unsafe_edit_to_the_character(rule: str, before: str, after: str | None) -> None:
    text = BASE + before + END
    assert rewritten(text, rule) == text
    assert rewritten(text, rule, unsafe=True) == BASE + (before if after is None else after) + END


WHOLE = [
    (
        "apk-virtual",
        "FROM alpine:3.20\nRUN apk add --no-cache \\\n    a \\\n    b \\\n && c \\\n && apk del b a && d\nUSER 7\n",
        "FROM alpine:3.20\nRUN apk add --virtual .build-deps --no-cache \\\n    a \\\n    b \\\n && c \\\n"
        " && apk del .build-deps && d\nUSER 7\n",
    ),
    ("apk-virtual", "FROM alpine:3.20\nRUN apk add -X u a && b && apk del a\nUSER 7\n", None),
    # Users.
    ("non-root", 'FROM scratch\nCOPY a /a\n# starts\nCMD ["/a"]\n', 'FROM scratch\nCOPY a /a\nUSER 65532:65532\n# starts\nCMD ["/a"]\n'),
    ("non-root", "FROM scratch\r\nCOPY a /a\r\n", "FROM scratch\r\nCOPY a /a\r\nUSER 65532:65532\r\n"),
    ("non-root", "FROM scratch\nCOPY a /a", "FROM scratch\nCOPY a /a\nUSER 65532:65532"),
    ("non-root", "\ufeffFROM scratch\nUSER  0 \n", "\ufeffFROM scratch\nUSER  65532:65532 \n"),
    ("non-root", "FROM scratch\nCOPY a /a\nVOLUME /b\n", None),
    ("non-root", "FROM scratch\nCOPY --chmod=700 a /a\n", None),
    ("non-root", "FROM scratch\nCOPY a /a\nEXPOSE 80\n", None),
    ("user-numeric", "FROM node:22-slim\nUSER node:0\n", "FROM node:22-slim\nUSER 1000:0\n"),
    ("user-numeric", "FROM node:22-slim\nUSER node:node\n", None),
    (
        "user-numeric",
        "FROM gcr.io/distroless/static-debian12\nUSER nonroot:nonroot\n",
        "FROM gcr.io/distroless/static-debian12\nUSER 65532:65532\n",
    ),
    # Stages and bases.
    (
        "copy-from-index",
        "FROM a:1 AS b\nFROM scratch\nCOPY --from=0 --chown=7 /a /b\n",
        "FROM a:1 AS b\nFROM scratch\nCOPY --from=b --chown=7 /a /b\n",
    ),
    ("copy-from-index", "FROM a:1 AS b\nFROM c:1 AS b\nFROM scratch\nCOPY --from=0 /a /b\n", None),
    ("casing", "from debian:12 AS a\nrun b\nRUN c\nuser 7\n", "from debian:12 as a\nrun b\nrun c\nuser 7\n"),
    (
        "platform-const",
        "FROM --platform=$TARGETPLATFORM alpine:3.20 AS a\n",
        "FROM alpine:3.20 AS a\n",
    ),
    ("workdir-absolute", "FROM scratch\nWORKDIR ./a\n", "FROM scratch\nWORKDIR /a\n"),
    ("base-pinned", "FROM --platform=linux/amd64 a AS b\n", f"FROM --platform=linux/amd64 a@sha256:{'a' * 64} AS b\n"),
    ("base-pinned", "FROM scratch\nCOPY --from=nginx /a /b\n", f"FROM scratch\nCOPY --from=nginx@sha256:{'a' * 64} /a /b\n"),
    ("base-pinned", "ARG T=latest\nFROM a:$T\n", None),
    ("arg-unused", "ARG A=1\nFROM scratch\nCOPY a /$A\n", None),
    ("exec-form", 'FROM debian:12 AS a\nENTRYPOINT curl b\nFROM a\nCMD ["c"]\nUSER 7\n', None),
    # The escape directive.
    (
        "clean-os-cache",
        "# escape=`\nFROM debian:12\nRUN apt-get update && `\n  apt-get install -y a\n",
        "# escape=`\nFROM debian:12\nRUN apt-get update && `\n  apt-get install -y a && `\n  rm -rf /var/lib/apt/lists/*\n",
    ),
    ("env-format", "# escape=`\nFROM debian:12\nENV A b\\ c\n", '# escape=`\nFROM debian:12\nENV A="b\\ c"\n'),
    ("no-maintainer", "# escape=`\nFROM a:1\nMAINTAINER `\\$\n", '# escape=`\nFROM a:1\nLABEL org.opencontainers.image.authors="``\\`$"\n'),
    # Go.
    (
        "unstripped-binary",
        'FROM golang:1.23 AS b\nRUN go build -ldflags "-X a=b" -o /c\nFROM scratch\nCOPY --from=b /c /c\n',
        'FROM golang:1.23 AS b\nRUN go build -ldflags "-s -w -X a=b" -o /c\nFROM scratch\nCOPY --from=b /c /c\n',
    ),
    (
        "unstripped-binary",
        "FROM golang:1.23 AS b\nENV GOFLAGS=-mod=mod\nRUN go build -o /c\nFROM scratch\nCOPY --from=b /c /c\n",
        None,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "after"), WHOLE)
def test_a_whole_file(rule: str, before: str, after: str | None) -> None:
    assert rewritten(before, rule) == (before if after is None else after)


def test_what_would_take_too_long_is_left_and_said() -> None:
    lines = "".join(f"ENV A{n} b c\n" for n in range(30))
    data = f"FROM debian:12\n{lines}".encode() + b"# 23456789\n" * 90_000
    first = judging(collection="essential", rules={"env-format": "warn"})(data)
    assert first is not None and len(data) < 1 << 20
    tried: list[bytes] = []
    found = fix(data, first, tried.append)  # nothing helps
    assert (found.data, found.complete) == (data, False)
    assert sum(map(len, tried)) < MAX_JUDGED + (1 << 20)


def test_all_edits_for_a_rule_are_judged_at_once() -> None:
    data = ("FROM debian:12\n" + "".join(f"ENV A{n} b c\n" for n in range(30)) + END).encode()
    judge, tried = judging(), []

    def counted(text: bytes) -> Result | None:
        tried.append(text)
        return judge(text)

    first = judge(data)
    assert first is not None
    found = fix(data, first, counted, only=frozenset(("env-format",)))
    assert (found.rules, len(tried)) == (["env-format"] * 30, 1)


def test_a_shell_that_has_pipefail_is_told_so() -> None:
    text = "FROM alpine:3.20\nRUN a | b\nUSER 65532:65532\n"
    assert rewritten(text, "pipefail", unsafe=True) == text.replace("RUN ", "RUN set -o pipefail && ")
    dash = "FROM node:22-slim\n# why\nRUN a | b\nUSER 65532:65532\n"
    bash = 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\n# why\n'
    assert rewritten(dash, "pipefail", unsafe=True) == dash.replace("# why\n", bash)
    other = dash.replace("node:22-slim", "registry.acme.dev/base:1")
    assert rewritten(other, "pipefail", unsafe=True) == other
    script = "FROM alpine:3.20\nRUN <<E\na | b\nE\nUSER 65532:65532\n"
    assert rewritten(script, "pipefail", unsafe=True) == script.replace("<<E\n", "<<E\nset -o pipefail\n")
