"""Edits of other programs' commands: sudo, useradd, wget, go, curl, and installers of languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gate.evidence.model import Stage
from gate.fixes.calls import Call, calls
from gate.fixes.context import Context, cased, each_call, edit
from gate.fixes.source import Change, Edit

_SWITCHES = {
    "apk": ("--allow-untrusted",),
    "apt-get": ("--allow-unauthenticated", "--allow-insecure-repositories"),
    "apt": ("--allow-unauthenticated", "--allow-insecure-repositories"),
    "yum": ("--nogpgcheck", "--nogpgchecks", "--no-gpgchecks"),
    "dnf": ("--nogpgcheck", "--nogpgchecks", "--no-gpgchecks"),
    "microdnf": ("--nogpgcheck", "--nogpgchecks", "--no-gpgchecks"),
    "tdnf": ("--nogpgcheck", "--nogpgchecks", "--no-gpgchecks"),
    "rpm": ("--nosignature", "--nodigest", "--nofiledigest", "--noverify", "--nogpg"),
    "zypper": ("--no-gpg-checks",),
}
_WITH_BASH = frozenset({
    "buildpack-deps", "debian", "eclipse-temurin", "gcc", "golang", "gradle", "httpd", "maven", "nginx", "node",
    "openjdk", "perl", "php", "postgres", "python", "redis", "ruby", "rust", "ubuntu",
})  # fmt: skip
_TLS = {"wget": ("--no-check-certificate",), "curl": ("-k", "--insecure", "--proxy-insecure", "--doh-insecure")}
_VARIABLES = frozenset((
    "PYTHONHTTPSVERIFY", "NODE_TLS_REJECT_UNAUTHORIZED", "NPM_CONFIG_STRICT_SSL", "YARN_ENABLE_STRICT_SSL",
    "GIT_SSL_NO_VERIFY", "PIP_TRUSTED_HOST",
))  # fmt: skip
_SWITCHED_OFF = r"config (?:(?:-g|--global|--system) )?(?:set )?(?:strict-ssl|http\.sslverify) (?:false|0)"
# Program: verbs, and what goes behind the verb.
_RUNTIME_ONLY = {
    "npm": (("ci", "install", "i"), " --omit=dev"),
    "yarn": (("install",), " --production"),
    "pnpm": (("install", "i"), " --prod"),
    "poetry": (("install",), " --only main"),
    "uv": (("sync",), " --no-dev"),
    "composer": (("install",), " --no-dev"),
}
# What a letter of curl's needs a value for; the ones before -k in a bundle must not.
_CURL_BUNDLE = re.compile(r"-[^-AbcCdDeEFhHKmoPQrtTuUwxXyYzk]*k[A-Za-z#]*")


def sudo(context: Context) -> Iterator[Edit]:
    """Without sudo, where the RUN is root's already."""

    def change(call: Call) -> Change | None:
        if not call.all or call.all[0].text != "sudo" or len(call.all) < 2:
            return None
        after = next((word for word in call.all[1:] if word.text not in ("-E", "-H", "-n", "--preserve-env")), None)
        if after is None or after.text.startswith("-") or "=" in after.text:
            return None
        return call.script.replace(call.all[0].offset, after.offset, "")

    for raw in context.at("RUN"):
        facts = context.before(raw)
        if facts is not None and facts.facts.user.root is True:
            yield from each_call(change)(context)


def _no_log(call: Call) -> Change | None:
    high = any(re.search(r"(?:^|=|-u)[0-9]{6,}$", arg) for arg in call.args)
    if call.program != "useradd" or not high or call.has("-l", "--no-log-init"):
        return None
    return call.insert_after(call.words[0], " --no-log-init")


_QUIET = re.compile(r"-[A-Za-z]*q|-nv|--quiet|--no-verbose|--progress|--output-file|--append-output|-o|-a|-b")


def wget(context: Context) -> Iterator[Edit]:
    """``-nv`` of GNU wget, which still tells of errors; ``-q`` where it may be another wget."""
    for raw in context.at("RUN"):
        known = context.known(raw)
        flag = " -nv" if known and known[0].libc == "glibc" else " -q"

        def change(call: Call, flag: str = flag) -> Change | None:
            if call.program != "wget" or any(_QUIET.match(arg) for arg in call.args):
                return None
            return call.insert_after(call.words[0], " -q" if call.all[0].name == "busybox" else flag)

        yield from each_call(change)(context)


def stripped(context: Context) -> Iterator[Edit]:
    """``-ldflags="-s -w"`` for go build, in the flags that are there where there are some."""
    for raw in context.at("RUN"):
        known = context.known(raw)
        if known and known[0].config and "GOFLAGS" not in known[0].config.env:
            yield from each_call(_linker_flags)(context)


def _linker_flags(call: Call) -> Change | None:
    word = call.find("build", "install")
    if call.program != "go" or call.nested or word is None or word is not call.words[1]:
        return None
    if any(name == "GOFLAGS" for name, _ in call.simple.env):
        return None
    for index, arg in enumerate(call.words[1:], start=1):
        flag = re.match(r"-{1,2}ldflags(=|\Z)", arg.text)
        if not flag:
            continue
        value = arg if flag[1] else call.words[index + 1] if index + 1 < len(call.words) else None
        found = re.compile(r"(?:-{1,2}ldflags=)?[\"'](?=\s*-)").match(call.script.text, value.offset) if value else None
        return call.script.insert(found.end(), "-s -w ") if found else None
    return call.insert_after(word, ' -ldflags="-s -w"')


def _runtime_only(call: Call) -> Change | None:
    verbs, flag = _RUNTIME_ONLY.get(call.program, ((), ""))
    word = call.find(*verbs) if verbs else None
    if word is not None and word.text == call.verb():
        return call.insert_after(word, flag)
    return call.insert_after(call.words[0], flag) if call.program == "yarn" and not call.verb() else None


def _signatures_checked(call: Call) -> list[Change] | None:
    found = [call.remove(word) for word in call.words[1:] if word.text in _SWITCHES.get(call.program, ())]
    if call.program in ("apt-get", "apt"):
        forced = [word for word in call.words[1:] if word.text == "--force-yes"]
        found += [call.remove(word) if call.has("-y", "--yes") else call.replace(word, "-y") for word in forced]
    return [change for change in found if change]


def _certificates_checked(call: Call) -> list[Change] | None:
    found = [call.remove(word) for word in call.words[1:] if word.text in _TLS.get(call.program, ())]
    if call.program == "curl":
        bundles = [word for word in call.words[1:] if len(word.text) > 2 and _CURL_BUNDLE.fullmatch(word.text)]
        found += [call.replace(word, word.text.replace("k", "", 1)) for word in bundles]
    if re.fullmatch(r"pip[0-9.]*", call.program):
        for index, word in enumerate(call.words):
            if word.text == "--trusted-host" and index + 1 < len(call.words):
                found += [call.remove(word), call.remove(call.words[index + 1])]
            elif word.text.startswith("--trusted-host="):
                found.append(call.remove(word))
    return [change for change in found if change]


def tls(context: Context) -> Iterator[Edit]:
    """Without the switch, or the variable that is one. What relied on it then fails, so it is not safe."""
    yield from each_call(_certificates_checked, safe=False)(context)
    for raw in context.at("ENV", "ARG"):
        known = context.known(raw)
        pairs = known[1].pairs if known else []
        if len(pairs) == 1 and pairs[0][0].upper() in _VARIABLES:
            yield from edit(context.without(raw), safe=False)
    for raw in context.at("RUN"):
        found = calls(context.source, raw)
        said = [re.sub(r"\s|=", " ", " ".join(call.args).lower()) for call in found if call.program in ("npm", "git")]
        if len(found) == len(said) == 1 and re.fullmatch(_SWITCHED_OFF, said[0]):
            yield from edit(context.without(raw), safe=False)


def pipefail(context: Context) -> Iterator[Edit]:
    """``set -o pipefail`` where the shell has it, else bash by SHELL where there is one. A pipe that failed unseen then
    stops the build: not safe."""
    for raw in context.at("RUN"):
        known, found = context.known(raw), calls(context.source, raw)
        if known is None or not found or found[0].nested:
            continue
        name = _shell(known[0], raw.line)
        script = found[0].script
        if name in ("bash", "ash", "zsh", "ksh"):
            place = script.at(len(script.text) - len(script.text.lstrip()))
            ending = context.source.end_of_line(raw.line) if raw.heredocs else " && "
            yield Edit((Change(place, place, f"set -o pipefail{ending}"),), safe=False)
        elif name is None and _has_bash(context, known[0]):
            shell = cased("SHELL", context.source.keyword(raw).text)
            yield from edit(context.line_before(raw, f'{shell} ["/bin/bash", "-o", "pipefail", "-c"]'), safe=False)


def _shell(stage: Stage, line: int) -> str | None:
    """The name of the shell that reads a RUN; null for the default one of an image where that is not busybox's."""
    before = [one.args for one in stage.instructions if one.cmd == "SHELL" and one.line < line]
    later = any(one.cmd == "SHELL" for one in stage.instructions)
    shell = before[-1] if before else stage.config.shell if stage.config and not later else None
    if shell:
        return shell[0].rpartition("/")[2]
    return "ash" if stage.libc == "musl" else None


def _has_bash(context: Context, stage: Stage) -> bool:
    """Whether the image under a stage is one of Docker Hub's on Debian or Ubuntu, which have bash."""
    while stage.base.stage is not None:
        stage = context.dockerfile.stages[stage.base.stage]
    name = (stage.base.repository or "").removeprefix("library/")
    return stage.libc == "glibc" and stage.base.registry == "docker.io" and name in _WITH_BASH


useradd = each_call(_no_log)
runtime_only = each_call(_runtime_only, safe=False)
signatures = each_call(_signatures_checked, safe=False)
