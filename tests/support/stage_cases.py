"""Hand-made builds, each with one thing its meaning must show; unit tests ask gate, oracle tests ask BuildKit too.

``expect`` is part of the meaning that `stage_agreement` describes, or ``{"refused": line}`` (0: no line is named).
Images have the user ``base-user:<reference>`` and the variable ``BASE_OF`` unless ``bases`` says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One build and what it must mean."""

    name: str
    text: str
    expect: dict[str, Any]
    target: str = ""
    args: dict[str, str] = field(default_factory=dict)
    platform: str = "linux/amd64"
    bases: dict[str, dict[str, Any]] = field(default_factory=dict)


EVIL = "base-user:evil.io/x:latest"
ALPINE = "base-user:docker.io/library/alpine:latest"


def _base(reference: str, **config: Any) -> dict[str, dict[str, Any]]:
    return {reference: {"user": "", **config}}


NAMES = (
    Case("a stage hides an image of its name", "FROM evil.io/x AS approved\nFROM approved\n", {"user": EVIL}),
    Case("a stage can be called scratch", "FROM evil.io/x AS scratch\nFROM scratch\n", {"user": EVIL}),
    Case("a tag makes it the image again", "FROM evil.io/x AS alpine\nFROM alpine:latest\n", {"user": ALPINE}),
    Case("FROM is exact about case, and an image has none", "FROM evil.io/x AS tool\nFROM Tool\n", {"refused": 2}),
    Case("stage names are lower-cased", "FROM evil.io/x AS Tool\nFROM tool\n", {"user": EVIL}),
    Case("FROM takes the latest earlier stage", "FROM alpine AS a\nFROM evil.io/x AS a\nFROM a\n", {"user": EVIL}),
    Case(
        "a later stage is not the base",
        "FROM later AS a\nFROM x AS later\nFROM a\n",
        {"user": "base-user:docker.io/library/later:latest"},
    ),
    Case("a stage may be based on an image of its own name", "FROM alpine AS alpine\n", {"user": ALPINE}),
    Case("numbers are no stage names", "FROM alpine AS 1\n", {"refused": 1}),
    Case("a stage may be called context", "FROM alpine AS context\nUSER x\n", {"user": "x"}),
    Case("a base may not be empty", "FROM $NOPE\n", {"refused": 1}),
    Case("an empty base in an unused stage is refused too", "FROM $NOPE AS x\nFROM alpine\n", {"refused": 1}),
    Case("a bad reference in an unused stage is refused too", "FROM Bad AS x\nFROM alpine\n", {"refused": 1}),
    Case("an image that is 64 hex digits is none", "FROM " + "a" * 64 + "\n", {"refused": 1}),
)

TARGETS = (
    Case("the last stage is the default", "FROM alpine AS a\nUSER x\nFROM alpine\nUSER y\n", {"user": "y"}),
    Case("a target is a name", "FROM alpine AS a\nUSER x\nFROM alpine\nUSER y\n", {"user": "x"}, target="a"),
    Case("in any case", "FROM alpine AS a\nUSER x\nFROM alpine\nUSER y\n", {"user": "x"}, target="A"),
    Case("never an index", "FROM alpine AS a\nFROM alpine\n", {"refused": 0}, target="0"),
    Case("an unknown target is refused", "FROM alpine AS a\n", {"refused": 0}, target="b"),
    Case("the last stage of a name", "FROM alpine AS a\nUSER x\nFROM alpine AS a\nUSER y\n", {"user": "y"}, target="a"),
    Case(
        "only what the target needs is fetched",
        "FROM one AS a\nFROM two AS b\nCOPY --from=three /x /y\nFROM a\n",
        {"inputs": [("docker.io/library/one:latest", "linux/amd64")]},
    ),
)

COPIES = (
    Case(
        "COPY --from takes an index",
        "FROM one\nFROM two\nCOPY --from=0 /x /y\n",
        {"inputs": [("docker.io/library/one:latest", "linux/amd64"), ("docker.io/library/two:latest", "linux/amd64")]},
    ),
    Case("an index may be written +00", "FROM one\nFROM two\nCOPY --from=+00 /x /y\n", {"refused": None}),
    Case("an index past the stages is refused", "FROM one\nCOPY --from=1 /x /y\n", {"refused": 2}),
    Case("a negative one too", "FROM one\nCOPY --from=-1 /x /y\n", {"refused": 2}),
    Case(
        "an index may hit an image that an earlier --from added",
        "FROM one\nCOPY --from=two /x /y\nCOPY --from=1 /x /y\n",
        {"inputs": [("docker.io/library/one:latest", "linux/amd64"), ("docker.io/library/two:latest", "linux/amd64")]},
    ),
    Case(
        "mounts without from add one too",
        "FROM one\nRUN --mount=type=cache,target=/c x\nCOPY --from=1 /x /y\n",
        {"inputs": [("docker.io/library/one:latest", "linux/amd64")]},
    ),
    Case("COPY --from takes any case", "FROM one AS A\nFROM two\nCOPY --from=a /x /y\n", {"refused": None}),
    Case("COPY --from takes no variables", "FROM one AS a\nFROM two\nARG X=a\nCOPY --from=$X /x /y\n", {"refused": 4}),
    Case("a stage cannot copy from itself", "FROM one AS a\nCOPY --from=a /x /y\n", {"refused": 2}),
    Case("nor by its index", "FROM one\nCOPY --from=0 /x /y\n", {"refused": 2}),
    Case(
        "nor in a circle, used or not",
        "FROM one AS a\nCOPY --from=b /x /y\nFROM two AS b\nCOPY --from=a /x /y\nFROM three\n",
        {"refused": 4},
    ),
    Case("a later stage is refused", "FROM one\nCOPY --from=b /x /y\nFROM two AS b\nFROM 0one\n", {"refused": None}),
    Case("where it is used", "FROM one AS a\nCOPY --from=b /x /y\nFROM two AS b\nFROM a\n", {"refused": 2}),
    Case(
        "COPY --from takes the last stage of a name, even a later one",
        "FROM one AS a\nFROM two AS x\nCOPY --from=a /x /y\nFROM three AS a\nFROM x\n",
        {"refused": 3},
    ),
    Case("COPY --from=scratch is no image", "FROM one\nCOPY --from=scratch /x /y\n", {"refused": None}),
    Case("a bad image in COPY --from is refused", "FROM one\nCOPY --from=Bad /x /y\n", {"refused": 2}),
    Case("COPY takes no URL", "FROM one\nCOPY https://e.com/x /y\n", {"refused": 2}),
    Case("COPY takes no git", "FROM one\nCOPY git@e.com:a/b.git /y\n", {"refused": 2}),
    Case("ADD takes both", "FROM one\nADD git@e.com:a/b.git https://e.com/x /y/\n", {"refused": None}),
    Case("a checksum is one of a digest", "FROM one\nADD --checksum=abc https://e.com/x /y\n", {"refused": 2}),
    Case("or of a git source", "FROM one\nADD --checksum=abc https://e.com/x.git /y\n", {"refused": None}),
    Case("a checksum goes with a remote source", "FROM one\nADD --checksum=abc x /y\n", {"refused": 2}),
    Case(
        "a checksum goes with one", "FROM one\nADD --checksum=abc https://e.com/a https://e.com/b /y/\n", {"refused": 2}
    ),
    Case("git queries are known ones", "FROM one\nADD https://e.com/x.git?nope=1 /y\n", {"refused": 2}),
    Case("a mode is octal", "FROM one\nCOPY --chmod=10000 x /y\n", {"refused": 2}),
    Case("or symbolic", "FROM one\nCOPY --chmod=u=rwX,go=rX x /y\n", {"refused": None}),
    Case("and may be a variable", "FROM one\nARG M=644\nCOPY --chmod=$M x /y\n", {"refused": None}),
)

MOUNTS = (
    Case(
        "RUN --mount reads an image",
        "FROM one\nRUN --mount=from=two,target=/m x\n",
        {"inputs": [("docker.io/library/one:latest", "linux/amd64"), ("docker.io/library/two:latest", "linux/amd64")]},
    ),
    Case(
        "RUN --mount from=0 is an image",
        "FROM one\nFROM two\nRUN --mount=from=0,target=/m x\n",
        {"inputs": [("docker.io/library/0:latest", "linux/amd64"), ("docker.io/library/two:latest", "linux/amd64")]},
    ),
    Case("RUN --mount reads a stage", "FROM one AS a\nFROM two\nRUN --mount=from=A,target=/m x\n", {"refused": None}),
    Case("not itself", "FROM one AS a\nRUN --mount=from=a,target=/m x\n", {"refused": 2}),
    Case("not a later one", "FROM one AS a\nRUN --mount=from=b,target=/m x\nFROM two AS b\nFROM a\n", {"refused": 2}),
    Case("from takes no variables", "FROM one\nRUN --mount=from=$X,target=/m x\n", {"refused": 2}),
    Case("a type may be a variable", "FROM one\nARG T=cache\nRUN --mount=type=$T,target=/m x\n", {"refused": None}),
    Case("types are known ones", "FROM one\nRUN --mount=type=x,target=/m x\n", {"refused": 2}),
    Case("keys are known ones", "FROM one\nRUN --mount=type=bind,x=y,target=/m x\n", {"refused": 2}),
    Case("a mount has a target", "FROM one\nWORKDIR /\nRUN --mount=type=bind x\n", {"refused": 3}),
    Case(
        "a relative target is below WORKDIR",
        "FROM one\nWORKDIR /w\nRUN --mount=type=bind,target=. x\n",
        {"refused": None},
    ),
    Case("a secret has no from", "FROM one\nRUN --mount=type=secret,id=a,from=two x\n", {"refused": 2}),
    Case("a secret has an id", "FROM one\nRUN --mount=type=secret x\n", {"refused": 2}),
    Case("ssh has no source", "FROM one\nRUN --mount=type=ssh,source=x x\n", {"refused": 2}),
    Case("size is for tmpfs", "FROM one\nRUN --mount=type=cache,size=1m,target=/m x\n", {"refused": 2}),
    Case("tmpfs has a size", "FROM one\nRUN --mount=type=tmpfs,size=1.5Gb,target=/m x\n", {"refused": None}),
    Case("a mode is octal", "FROM one\nRUN --mount=type=cache,mode=8,target=/m x\n", {"refused": 2}),
    Case("uid is for caches and secrets", "FROM one\nRUN --mount=type=bind,uid=1,target=/m x\n", {"refused": 2}),
    Case("sharing is for caches", "FROM one\nRUN --mount=type=bind,sharing=locked,target=/m x\n", {"refused": 2}),
    Case("readonly is a truth", "FROM one\nRUN --mount=type=bind,ro=maybe,target=/m x\n", {"refused": 2}),
    Case(
        "a cache without from reads a stage called scratch",
        "FROM evil.io/x AS scratch\nFROM one\nRUN --mount=type=cache,target=/m x\n",
        {"inputs": [("docker.io/library/one:latest", "linux/amd64"), ("evil.io/x:latest", "linux/amd64")]},
    ),
)

ARGUMENTS = (
    Case("a global ARG names the base", "ARG B=evil.io/x\nFROM $B\n", {"user": EVIL}),
    Case("a build arg beats its default", "ARG B=alpine\nFROM $B\n", {"user": EVIL}, args={"B": "evil.io/x"}),
    Case("an undeclared build arg does nothing", "FROM alpine\nUSER $U\n", {"user": ""}, args={"U": "root"}),
    Case("ARGs chain", "ARG A=evil.io\nARG B=$A/x\nFROM $B\n", {"user": EVIL}),
    Case("one ARG may declare several", "ARG A B=evil.io/x\nFROM $B\n", {"user": EVIL}),
    Case("a stage does not see a global ARG", "ARG U=app\nFROM alpine\nUSER $U\n", {"user": ""}),
    Case("until it declares it", "ARG U=app\nFROM alpine\nARG U\nUSER $U\n", {"user": "app"}),
    Case("its own default beats the global one", "ARG U=app\nFROM alpine\nARG U=own\nUSER $U\n", {"user": "own"}),
    Case("a build arg beats both", "ARG U=a\nFROM x\nARG U=b\nUSER $U\n", {"user": "root"}, args={"U": "root"}),
    Case("other stages do not see it", "FROM alpine AS a\nARG U=app\nFROM alpine\nUSER $U\n", {"user": ""}),
    Case("stages built on it do", "FROM alpine AS a\nARG U=app\nFROM a\nUSER $U\n", {"user": "app"}),
    Case(
        "FROM does not see an ARG of a stage",
        "FROM alpine AS a\nARG B=evil.io/x\nFROM ${B:-alpine}\n",
        {"user": ALPINE},
    ),
    Case("ENV comes before an ARG of the name", "FROM scratch\nENV U=env\nARG U=arg\nUSER $U\n", {"user": "arg"}),
    Case("and after it", "FROM scratch\nARG U=arg\nENV U=env\nUSER $U\n", {"user": "env"}),
    Case(
        "the config keeps the ENV",
        "FROM scratch\nENV U=env\nARG U=arg\nUSER x\n",
        {"env": {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "U": "env"}},
    ),
    Case("a child sees the ENV again", "FROM scratch AS a\nENV U=env\nARG U=arg\nFROM a\nUSER $U\n", {"user": "env"}),
    Case("one ENV sees the values from before", "FROM scratch\nENV A=1\nENV A=2 B=$A\nUSER $B\n", {"user": "1"}),
    Case("ENV names are expanded", "FROM scratch\nARG N=U\nENV $N=app\nUSER $U\n", {"user": "app"}),
    Case("ARG names are not", "FROM scratch\nENV N=U\nARG $N=app\nUSER $U\n", {"user": ""}),
    Case(
        "the default of a given ARG is not looked at", "FROM x\nARG U=${:}\nUSER $U\n", {"user": "a"}, args={"U": "a"}
    ),
    Case(
        "platform arguments are known to FROM",
        "FROM img-$TARGETARCH\n",
        {"user": "base-user:docker.io/library/img-amd64:latest"},
    ),
    Case(
        "they follow --platform",
        "FROM img-$TARGETARCH$TARGETVARIANT\n",
        {"user": "base-user:docker.io/library/img-armv7:latest"},
        platform="linux/arm/v7",
    ),
    Case(
        "a build arg replaces them",
        "FROM img-$TARGETARCH\n",
        {"user": "base-user:docker.io/library/img-x:latest"},
        args={"TARGETARCH": "x"},
    ),
    Case("a stage must declare them", "FROM alpine\nUSER u$TARGETARCH\n", {"user": "u"}),
    Case("and then knows them", "FROM alpine\nARG TARGETARCH\nUSER u$TARGETARCH\n", {"user": "uamd64"}),
    Case("TARGETSTAGE is the target", "FROM alpine AS fin\nARG TARGETSTAGE\nUSER $TARGETSTAGE\n", {"user": "fin"}),
    Case("or default", "FROM alpine\nARG TARGETSTAGE\nUSER $TARGETSTAGE\n", {"user": "default"}),
    Case("proxies are not expanded", "FROM alpine\nUSER x$HTTP_PROXY\n", {"user": "x"}, args={"HTTP_PROXY": "p"}),
    Case(
        "unless declared", "FROM alpine\nARG HTTP_PROXY\nUSER x$HTTP_PROXY\n", {"user": "xp"}, args={"HTTP_PROXY": "p"}
    ),
    Case(
        "the base's environment counts",
        "FROM alpine\nUSER $APP_UID\n",
        {"user": "1654"},
        bases=_base("docker.io/library/alpine:latest", env=["APP_UID=1654"]),
    ),
    Case("a bad substitution is refused", "FROM alpine\nUSER ${X\n", {"refused": 2}),
    Case("also in a global ARG", "ARG X=${Y:nope}\nFROM alpine\n", {"refused": 1}),
    Case("an error message is an error", "FROM alpine\nUSER ${X:?give one}\n", {"refused": 2}),
    Case("not in an unused stage", "FROM alpine AS a\nUSER ${X:?give one}\nFROM alpine\n", {"refused": None}),
)

PLATFORMS = (
    Case(
        "FROM has a platform",
        "FROM --platform=linux/arm64 one\n",
        {"inputs": [("docker.io/library/one:latest", "linux/arm64")]},
    ),
    Case(
        "from the global scope",
        "FROM --platform=$BUILDPLATFORM one\n",
        {"inputs": [("docker.io/library/one:latest", "linux/amd64")]},
        platform="linux/arm64",
    ),
    Case(
        "the target's otherwise",
        "FROM one\n",
        {"inputs": [("docker.io/library/one:latest", "linux/arm64")]},
        platform="linux/aarch64",
    ),
    Case("it may not be empty", "FROM --platform=$NOPE one\n", {"refused": 1}),
    Case("it must be one", "FROM --platform=nope one\n", {"refused": 1}),
    Case(
        "an architecture is enough",
        "FROM --platform=arm64 one\n",
        {"inputs": [("docker.io/library/one:latest", "linux/arm64")]},
    ),
    Case(
        "a child has its base's",
        "FROM --platform=linux/386 one AS a\nFROM --platform=linux/arm64 a\n",
        {"inputs": [("docker.io/library/one:latest", "linux/386")]},
    ),
    Case("Windows has its own shell", "FROM one\nCMD x\n", {"cmd": ["cmd", "/S", "/C", "x"]}, platform="windows/amd64"),
    Case(
        "and its own paths", "FROM one\nWORKDIR c:/a/../b\nWORKDIR d\n", {"workdir": "\\b\\d"}, platform="windows/amd64"
    ),
)

TRIGGERS = (
    Case("a trigger runs in a child", "FROM alpine AS a\nONBUILD USER root\nUSER app\nFROM a\n", {"user": "root"}),
    Case("before the child's own lines", "FROM alpine AS a\nONBUILD USER root\nFROM a\nUSER app\n", {"user": "app"}),
    Case(
        "not in a grandchild",
        "FROM alpine AS a\nONBUILD USER root\nUSER app\nFROM a AS b\nUSER b\nFROM b\n",
        {"user": "b"},
    ),
    Case(
        "not in its own stage", "FROM alpine\nONBUILD USER root\nUSER app\n", {"user": "app", "onbuild": ["USER root"]}
    ),
    Case("in file order", "FROM alpine AS a\nONBUILD USER x\nONBUILD USER y\nFROM a\n", {"user": "y"}),
    Case(
        "a trigger may read another image",
        "FROM one AS a\nONBUILD COPY --from=two /x /y\nFROM a\n",
        {"inputs": [("docker.io/library/one:latest", "linux/amd64"), ("docker.io/library/two:latest", "linux/amd64")]},
    ),
    Case(
        "and another stage",
        "FROM two AS t\nFROM one AS a\nONBUILD COPY --from=t /x /y\nFROM a\n",
        {"inputs": [("docker.io/library/one:latest", "linux/amd64"), ("docker.io/library/two:latest", "linux/amd64")]},
    ),
    Case("a trigger that fails fails the child", "FROM one AS a\nONBUILD USER ${X:?}\nFROM a\n", {"refused": 3}),
    Case("only where there is one", "FROM one AS a\nONBUILD USER ${X:?}\n", {"refused": None}),
    Case("a trigger is read with backslashes", "# escape=`\nFROM one AS a\nONBUILD USER a\\\nFROM a\n", {"user": "a"}),
    Case(
        "a trigger of an image runs",
        "FROM alpine\n",
        {"user": "root"},
        bases=_base("docker.io/library/alpine:latest", on_build=["USER root"]),
    ),
    Case(
        "not in a stage above it",
        "FROM alpine AS a\nUSER app\nFROM a\n",
        {"user": "app"},
        bases=_base("docker.io/library/alpine:latest", on_build=["USER root"]),
    ),
    Case(
        "an image's bad trigger is refused",
        "FROM alpine\n",
        {"refused": 1},
        bases=_base("docker.io/library/alpine:latest", on_build=["NOPE"]),
    ),
    Case(
        "ENTRYPOINT of a trigger clears CMD",
        'FROM one AS a\nONBUILD ENTRYPOINT ["e"]\nCMD ["c"]\nFROM a\n',
        {"entrypoint": ["e"], "cmd": None},
    ),
)

CONFIGS = (
    Case("the last USER counts", "FROM alpine\nUSER a\nUSER b\n", {"user": "b"}),
    Case("USER takes blanks", "FROM alpine\nUSER app # c\n", {"user": "app # c"}),
    Case("USER may be quoted", 'FROM alpine\nUSER "root"\n', {"user": "root"}),
    Case("or escaped", "FROM alpine\nUSER ro\\ot\n", {"user": "root"}),
    Case("no USER is the base's", "FROM alpine\n", {"user": ALPINE}),
    Case("or that of the stage below", "FROM alpine AS a\nUSER x\nFROM a\n", {"user": "x"}),
    Case("scratch has none", "FROM scratch\n", {"user": "", "workdir": "/"}),
    Case(
        "ENTRYPOINT clears the base's CMD",
        'FROM alpine\nENTRYPOINT ["e"]\n',
        {"cmd": None},
        bases=_base("docker.io/library/alpine:latest", cmd=["c"]),
    ),
    Case("not the stage's own", 'FROM alpine\nCMD ["c"]\nENTRYPOINT ["e"]\n', {"cmd": ["c"]}),
    Case("but that of a stage below", 'FROM alpine AS a\nCMD ["c"]\nFROM a\nENTRYPOINT ["e"]\n', {"cmd": None}),
    Case(
        "an empty ENTRYPOINT is none",
        "FROM alpine\nENTRYPOINT []\n",
        {"entrypoint": None},
        bases=_base("docker.io/library/alpine:latest", entrypoint=["e"]),
    ),
    Case("a bare one is an empty script", "FROM alpine\nENTRYPOINT\n", {"entrypoint": ["/bin/sh", "-c", ""]}),
    Case("an empty CMD is a list", "FROM alpine\nCMD []\n", {"cmd": []}),
    Case("shell form is wrapped", "FROM alpine\nCMD a  b\n", {"cmd": ["/bin/sh", "-c", "a  b"]}),
    Case(
        "by the SHELL before it",
        'FROM alpine\nSHELL ["bash", "-c"]\nCMD a\nSHELL ["x"]\n',
        {"cmd": ["bash", "-c", "a"], "shell": ["x"]},
    ),
    Case("SHELL is inherited", 'FROM alpine AS a\nSHELL ["bash", "-c"]\nFROM a\nCMD a\n', {"cmd": ["bash", "-c", "a"]}),
    Case(
        "from an image too",
        "FROM alpine\nCMD a\n",
        {"cmd": ["ash", "-c", "a"]},
        bases=_base("docker.io/library/alpine:latest", shell=["ash", "-c"]),
    ),
    Case("invalid JSON is shell form", "FROM alpine\nCMD ['a']\n", {"cmd": ["/bin/sh", "-c", "['a']"]}),
    Case("variables stay in CMD", 'FROM alpine\nARG A=x\nCMD ["$A"]\n', {"cmd": ["$A"]}),
    Case("WORKDIRs add up", "FROM scratch\nWORKDIR a\nWORKDIR ../b/./c\n", {"workdir": "/b/c"}),
    Case("an absolute one stays as written", "FROM scratch\nWORKDIR /a/../b/\n", {"workdir": "/a/../b/"}),
    Case(
        "WORKDIR joins the base's",
        "FROM alpine\nWORKDIR x\n",
        {"workdir": "/w/x"},
        bases=_base("docker.io/library/alpine:latest", working_dir="/w"),
    ),
    Case("HEALTHCHECK in shell form", "FROM alpine\nHEALTHCHECK CMD a | b\n", {"healthcheck": ["CMD-SHELL", "a | b"]}),
    Case(
        "HEALTHCHECK in exec form", 'FROM alpine\nHEALTHCHECK --interval=1m CMD ["a"]\n', {"healthcheck": ["CMD", "a"]}
    ),
    Case(
        "HEALTHCHECK NONE", "FROM alpine AS a\nHEALTHCHECK CMD a\nFROM a\nHEALTHCHECK NONE\n", {"healthcheck": ["NONE"]}
    ),
    Case(
        "HEALTHCHECK is inherited", "FROM alpine AS a\nHEALTHCHECK CMD a\nFROM a\n", {"healthcheck": ["CMD-SHELL", "a"]}
    ),
    Case("LABEL names are expanded", "FROM alpine\nARG N=x\nLABEL $N=1 y=$N\n", {"labels": {"x": "1", "y": "x"}}),
    Case(
        "EXPOSE takes ranges and variables",
        "FROM alpine\nARG P='81/udp 82'\nEXPOSE 8000-8001 $P\n",
        {"ports": ["8000/tcp", "8001/tcp", "81/udp", "82/tcp"]},
    ),
    Case("EXPOSE takes numbers", "FROM alpine\nEXPOSE http\n", {"refused": 2}),
    Case("up to 65535", "FROM alpine\nEXPOSE 65536\n", {"refused": 2}),
    Case("an address may stand before", "FROM alpine\nEXPOSE 127.0.0.1:80:81\n", {"ports": ["81/tcp"]}),
    Case("a wrong one not", "FROM alpine\nEXPOSE 127.0.0.x:80:81\n", {"refused": 2}),
    Case("VOLUME is expanded", "FROM alpine\nARG D=/d\nVOLUME $D /e\n", {"volumes": ["/d", "/e"]}),
    Case("and not empty", "FROM alpine\nVOLUME $D\n", {"refused": 2}),
    Case("STOPSIGNAL has a name or number", "FROM alpine\nSTOPSIGNAL sigrtmin+3\n", {"stop_signal": "sigrtmin+3"}),
    Case("of Linux", "FROM alpine\nSTOPSIGNAL SIGNOPE\n", {"refused": 2}),
    Case("not zero", "FROM alpine\nSTOPSIGNAL 0\n", {"refused": 2}),
    Case(
        "PATH is always there",
        "FROM alpine\nUSER x\n",
        {
            "env": {
                "BASE_OF": "docker.io/library/alpine:latest",
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            }
        },
    ),
    Case(
        "ENV adds to it",
        "FROM scratch\nENV PATH=/x:$PATH\n",
        {"env": {"PATH": "/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
    ),
    Case("here-documents are files of COPY", "FROM alpine\nCOPY <<a <<b /d/\n1\na\n2\nb\nUSER x\n", {"user": "x"}),
    Case("the epoch is a number", "ARG SOURCE_DATE_EPOCH=x\nFROM alpine\n", {"refused": 0}),
)


def _accepted(kind: str, texts: tuple[str, ...], platform: str = "linux/amd64") -> tuple[Case, ...]:
    return tuple(Case(f"{kind}: {text}", f"FROM one\n{text}\n", {"refused": None}, platform=platform) for text in texts)


def _refused(kind: str, texts: tuple[str, ...], platform: str = "linux/amd64") -> tuple[Case, ...]:
    return tuple(Case(f"{kind}: {text}", f"FROM one\n{text}\n", {"refused": 2}, platform=platform) for text in texts)


SPELLINGS = (
    *_accepted(
        "a source",
        (
            "ADD https://e.com/r.git#main:dir /x",
            "ADD https://e.com/r.git?ref=v1&subdir=a /x",
            "ADD https://e.com/r.git?tag=v1#refs/tags/v1 /x",
            "ADD https://e.com/r.git?branch=main /x",
            "ADD https://e.com/r.git?submodules&keep-git-dir /x",
            "ADD https://e.com/r.git?keep-git-dir=false /x",
            "ADD https://e.com/r.git?mtime=commit&fetch-by-commit=1 /x",
            "ADD git://e.com/r /x",
            "ADD ssh://git@e.com:22/r /x",
            "ADD git@e.com:o/r.git#v1 /x",
            "ADD ftp://e.com/x /x",
            "ADD https://e.com/%zz /x",
            "ADD https://e.com:port/x.git /x",
            "ADD ./git@e.com:o/r /x",
            "COPY github.com/o/r /x",
            "COPY user@host /x",
            "COPY --chmod=a+x,u=rw x /x",
            "COPY --chmod=u+s-w x /x",
            "COPY --chmod=0000755 x /x",
            "ADD --checksum=sha256:" + "a" * 64 + " https://e.com/x /x",
            "ADD --keep-git-dir=true https://e.com/r.git?keep-git-dir=true /x",
            "ADD --checksum=abc https://e.com/r.git?checksum=abc /x",
        ),
    ),
    *_refused(
        "a source",
        (
            "ADD https://e.com/r.git?ref=v1#v2 /x",
            "ADD https://e.com/r.git?tag=a&branch=b /x",
            "ADD https://e.com/r.git?ref=a&tag=b /x",
            "ADD https://e.com/r.git?subdir=a#main:b /x",
            "ADD https://e.com/r.git?ref= /x",
            "ADD https://e.com/r.git?ref=a&ref=b /x",
            "ADD https://e.com/r.git?submodules=maybe /x",
            "ADD https://e.com/r.git?mtime=never /x",
            "ADD git@e.com:o/r.git?x=y /x",
            "COPY github.com/o/r?x=y /x",
            "COPY --chmod=rwx x /x",
            "COPY --chmod=8 x /x",
            "COPY --chmod=u+q x /x",
            "ADD --checksum=sha256:abc https://e.com/x /x",
            "ADD --checksum=md5:" + "a" * 32 + " https://e.com/x /x",
            "ADD --keep-git-dir=false https://e.com/r.git?keep-git-dir=true /x",
            "ADD --checksum=abc https://e.com/r.git?checksum=def /x",
            "COPY http://e.com/x /x",
        ),
    ),
    *_accepted(
        "a port",
        (
            "EXPOSE 0",
            "EXPOSE 80/",
            "EXPOSE 80/SCTP",
            "EXPOSE 1-1",
            "EXPOSE 80:80",
            "EXPOSE 1-2:80",
            "EXPOSE [::1]:1:2",
            "EXPOSE ::1:1:2",
            "EXPOSE +80",
            "EXPOSE 1-2:3-4",
        ),
    ),
    *_refused(
        "a port",
        (
            "EXPOSE /tcp",
            "EXPOSE 80/x",
            "EXPOSE 2-1",
            "EXPOSE -1",
            "EXPOSE 1-",
            "EXPOSE 1-2:1-3",
            "EXPOSE x:80",
            "EXPOSE 80:",
            "EXPOSE [::1:1:2",
            "EXPOSE 1.2.3:1:2",
            "EXPOSE 99999999999999999999",
            "EXPOSE 1.5",
        ),
    ),
    *_accepted(
        "a signal", ("STOPSIGNAL kill", "STOPSIGNAL SIGRTMAX-14", "STOPSIGNAL -3", "STOPSIGNAL 99", "STOPSIGNAL +1")
    ),
    *_refused("a signal", ("STOPSIGNAL SIGRTMAX-15", "STOPSIGNAL SIGSIGKILL", "STOPSIGNAL 1.0", "STOPSIGNAL $X")),
    *_accepted(
        "a mount",
        (
            "RUN --mount=type=cache,target=/c,mode=0755,uid=1,gid=2,sharing=LOCKED x",
            "RUN --mount=type=BIND,dst=/c,ro,rw=false x",
            "RUN --mount=type=bind,destination=/c,readonly=0,readwrite x",
            "RUN --mount=type=secret,source=a,required x",
            "RUN --mount=type=secret,target=a,env=X,required=true x",
            "RUN --mount=type=ssh,id=a,mode=0600,required=false x",
            "RUN --mount=type=tmpfs,target=/t,size=10 x",
            "RUN --mount=type=tmpfs,target=/t,size=10KiB x",
            "RUN --mount=TYPE=cache,Target=/c x",
        ),
    ),
    *_refused(
        "a mount",
        (
            "RUN --mount=type=bind,target=/c,required x",
            "RUN --mount=type=bind,target=/c,required=true x",
            "RUN --mount=type=bind,target=/c,x x",
            'RUN --mount=type=bind,"target=/a,b" x',
            "RUN --mount=type=ssh,required=maybe x",
            "RUN --mount=type=secret,id=a,source=b x",
            "RUN --mount=type=secret,id=a,sharing=shared x",
            "RUN --mount=type=tmpfs,target=/t,size=big x",
            "RUN --mount=type=tmpfs,target=/t,size=-1 x",
            "RUN --mount=type=cache,target=/c,uid=x x",
            "RUN --mount=type=cache,target=/c,gid=4294967296 x",
            "RUN --mount=type=cache,target=/ x",
        ),
    ),
    *_accepted("a path of Windows", ("WORKDIR C:/x", "COPY a c:/b", "COPY c:/a b"), platform="windows/amd64"),
    *_refused(
        "a path of Windows",
        (
            "WORKDIR d:/x",
            "WORKDIR c:",
            "WORKDIR //x/y",
            "COPY a d:/b",
            "COPY d:/a b",
            "RUN --mount=type=secret,id=a x",
            "RUN --mount=type=secret,id=a,target=x x",
        ),
        platform="windows/amd64",
    ),
    *(
        Case(
            f"a platform: {written}",
            f"FROM --platform={written} one\n",
            {"inputs": [("docker.io/library/one:latest", read)]},
        )
        for written, read in (
            ("linux/x86_64", "linux/amd64"),
            ("linux/i386", "linux/386"),
            ("linux/armhf", "linux/arm"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/arm", "linux/arm"),
            ("linux/arm/7", "linux/arm/v7"),
            ("linux/arm64/v8", "linux/arm64/v8"),
            ("linux/arm64/9", "linux/arm64/v9"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v2", "linux/amd64/v2"),
            ("macos/arm64", "darwin/arm64"),
            ("LINUX/AMD64", "linux/amd64"),
            ("linux", "linux/amd64"),
            ("armhf", "linux/arm"),
            ("windows(10.0.1)/amd64", "windows/amd64"),
            ("x/y", "x/y"),
        )
    ),
    *(
        Case(f"a platform: {written}", f"FROM --platform={written} one\n", {"refused": 1})
        for written in ("linux/", "/amd64", "linux/amd64/v1/x", "*", "linux/a*", "nope", "windows(%zz)/amd64")
    ),
)

ALL = (*NAMES, *TARGETS, *COPIES, *MOUNTS, *ARGUMENTS, *PLATFORMS, *TRIGGERS, *CONFIGS, *SPELLINGS)
