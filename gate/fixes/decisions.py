"""For every shipped rule whether ``--fix`` edits for it: what it writes, or why there is no certain edit."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["safe", "unsafe", "both", "no"]


class Decision(NamedTuple):
    """``kind``: which edits there are. ``told``: what they write and what is left, or why there is none."""

    kind: Kind
    told: str


def _safe(told: str) -> Decision:
    return Decision("safe", told)


def _both(told: str) -> Decision:
    return Decision("both", told)


def _unsafe(told: str) -> Decision:
    return Decision("unsafe", told)


def _no(told: str) -> Decision:
    return Decision("no", told)


_MANIFEST = _no("Stands in a manifest or with who deploys it; --fix edits Dockerfiles.")
_IMAGE = _no("Seen in a finished image; the edit belongs to whatever put it there.")
_DESIGN = _no("Asks for another order of the build: which files and steps go where is the author's knowledge.")

DECISIONS: dict[str, Decision] = {
    "add-archive": _no("Between COPY and tar other steps may use the archive, and ADD keeps owners differently."),
    "add-remote-checksum": _no("The checksum is not in the file."),
    "apk-virtual": _safe("`--virtual .build-deps`. Left: where `apk del` does not name just what was added."),
    "approved-base": _no("Which approved base fits is a choice."),
    "approved-frontend": _no("Another frontend may read the file differently."),
    "approved-source": _no("Which approved source has the same files is not known."),
    "apt-not-aptget": _safe("`apt-get` or `apt-cache` by the verb. Left: verbs that only apt has, such as `apt list`."),
    "arg-unused": _safe("Removes the ARG. Left: one whose name an instruction mentions, which may be meant to use it."),
    "base-age": _no("A newer base is for `gate lock --update`; what it breaks is not known."),
    "base-args-defined": _no("The default is not in the file."),
    "base-claim": _IMAGE,
    "base-overridable": _no("Takes away an argument that a build may use on purpose."),
    "base-pinned": _safe("Adds the digest that gate.lock has for the tag. Left: images that gate.lock does not know."),
    "base-platform": _no("Whether the image has this tag for other platforms is not known."),
    "ca-certificates": _no("Where certificates come from is a choice; a program may need none."),
    "cache-mount": _no("The folder depends on the user and the tool's settings, and what later RUNs expect in it."),
    "casing": _safe("Writes all keywords as most of them are."),
    "cgo-on-scratch": _no("A static build, or another base: a choice."),
    "clean-lang-cache": _both(
        "`pip install --no-cache-dir`. Unsafe: `&& yarn cache clean`, because Plug'n'Play runs from the cache."
    ),
    "clean-os-cache": _safe(
        "`apk add --no-cache`; else removes the lists or caches at the end of the RUN, laid out as it is. Left: RUNs"
        " with comments in the shell text, here-documents without `set -e`, lists that a later RUN installs from."
    ),
    "copy-chown": _no("Who should own the files is a choice; files of root are the safer one."),
    "copy-from-empty": _no("Which stage was meant is not known."),
    "copy-from-index": _safe("The stage's name. Left: stages without one, whose name is a choice."),
    "copy-from-known": _no("Which stage or version was meant is not known."),
    "copy-ignored": _no("Whether the COPY or the line of .dockerignore is wrong is not known."),
    "copy-multi-slash": _safe("Adds the slash; moves a comment that is none to a line of its own."),
    "copy-not-add": _both(
        "COPY. Unsafe: where a wildcard may find archives too. Left: ADD with flags that COPY does not have."
    ),
    "copy-relative": _no("What the base's working directory is, or should be, is not known."),
    "copy-rootfs": _DESIGN,
    "curl-not-add": _no("The checksum is not in the file, and ADD sends no headers and does not retry."),
    "test-tools": _no("Where the tests are run instead is a choice."),
    "definition-description": _no("Comments are kept as they are."),
    "dev-dependencies": _unsafe("The flag that leaves them out. Unsafe: a later step may build or test with them."),
    "dev-libraries": _no("Which package holds the library is not known."),
    "dockerignore": _no("Is about another file, and what the build needs of the context is not known."),
    "drop-capabilities": _MANIFEST,
    "empty-continuation": _safe(
        "Removes the blank lines. Left: where the next line looks like an instruction that the blank was to set apart."
    ),
    "env-format": _safe("`name=value`, the value quoted or escaped so that it is the same."),
    "env-self-reference": _no("Whether the old or the new value was meant is not known."),
    "exec-form": _both(
        "A JSON array, where the command is plain words that need no shell. Unsafe: a script of the image's own, which"
        " may have no `#!` line, and where the base's ENTRYPOINT, which gets the words, is not known. Left: variables,"
        " lists, pipes, globs, builtins of shells, a login SHELL, an ENTRYPOINT or CMD beside it that would then act."
    ),
    "healthcheck": _no("How to ask the program is not known."),
    "init-process": _no("The init has to be installed, and which one is a choice."),
    "jre-not-jdk": _no("Which runtime fits is a choice."),
    "kubelet-refuses": _MANIFEST,
    "labels": _no("Values, and what reads the key, are not known."),
    "labels-required": _no("The value is not in the file."),
    "layer-order": _DESIGN,
    "libc-mismatch": _no("Another builder or another base: a choice."),
    "max-size": _DESIGN,
    "merge-runs": _no("One layer caches worse than several, and the layout is the author's."),
    "minimal-base": _no("What the smaller variant lacks is not known."),
    "modules-not-pruned": _DESIGN,
    "multi-stage-build": _DESIGN,
    "no-chpasswd": _no("What relied on the password is not known."),
    "no-compiler": _IMAGE,
    "no-dist-upgrade": _unsafe(
        "Removes the upgrade. Unsafe: packages keep the base's versions. Left: an update that nothing else would use."
    ),
    "no-host-tools": _no("What the command was for is not known."),
    "no-inline-ignore": _no("Comments are kept; the exemption to write has a reason and an owner."),
    "no-leftovers": _IMAGE,
    "no-maintainer": _safe("A label with the same text. Left: where that label is there already."),
    "no-package-manager": _IMAGE,
    "no-privilege-escalation": _MANIFEST,
    "no-recommends": _unsafe("Adds the flag. Unsafe: a package that came along, such as certificates, may be needed."),
    "no-run-cd": _no("WORKDIR holds for all that follows, cd for one RUN."),
    "no-setuid": _IMAGE,
    "no-shell": _DESIGN,
    "no-ssh-port": _no("The server has to go as well."),
    "no-sudo": _safe(
        "Removes sudo, where the RUN is root's. Left: another user, sudo with options, sudo being installed."
    ),
    "non-interactive": _safe("Adds `-y`; `zypper --non-interactive`."),
    "non-root": _both(
        "`USER 65532:65532` on scratch, distroless and Chainguard's static. Unsafe: with a volume, a port below 1024 or"
        " files that only root reads. Left: other bases, where a user has to be made and files given to it."
    ),
    "onbuild-trigger": _no("What builds on the image is not known."),
    "one-downloader": _no("The two take different options."),
    "package-manager-in-final": _DESIGN,
    "pin-lang-packages": _no("The version is not in the file."),
    "pin-os-packages": _no("The version is not in the file."),
    "pipe-to-shell": _no("The checksum is not in the file."),
    "pipefail": _unsafe(
        "`set -o pipefail`, where the shell is ash, bash, ksh or zsh; SHELL with bash in Docker Hub's images on Debian."
        " Unsafe: a pipe that failed unseen then stops the build. Left: dash elsewhere."
    ),
    "pkg-signature": _unsafe(
        "Removes the switch. Unsafe: what is not signed is then refused. Left: sources written as trusted."
    ),
    "platform-const": _safe("Removes `--platform=$TARGETPLATFORM`. Left: constants, which may be meant."),
    "port-valid": _safe("The container's port; the protocol in lower case. Left: port 0."),
    "privileged-port": _no("The program has to listen elsewhere as well."),
    "read-only-root-filesystem": _MANIFEST,
    "require-digest": _MANIFEST,
    "root-home-unreadable": _DESIGN,
    "run-privileged": _no("What needed the right is not known."),
    "secret-file-copied": _no("The step that needs it has to take it from elsewhere."),
    "secret-in-env": _no("The step that needs it has to take it from elsewhere, and the secret has to be renewed."),
    "sensitive-mount": _no("Where the data should be is a choice."),
    "setuid-setgid": _no("The program may need the bit, or a capability in its place."),
    "shell-by-instruction": _no("SHELL does not reach scripts that start with #!/bin/sh."),
    "single-instruction": _safe("Removes the instruction that never counts."),
    "stage-name": _no("The new name is a choice."),
    "stage-unique": _no("Which of the two is meant elsewhere is not known."),
    "tls-verify": _unsafe(
        "Removes the switch, the variable or the setting. Unsafe: a server with a private certificate is then refused."
    ),
    "tmpfs-for-writes": _MANIFEST,
    "undefined-variable": _unsafe("`ARG name` above. Unsafe: what was empty then has a value."),
    "unreachable-stage": _no("The stage may be built by its name."),
    "unstripped-binary": _safe('`-ldflags="-s -w"`, in the flags that are there. Left: GOFLAGS, unquoted flags.'),
    "update-alone": _safe(
        "Joins the RUN with the next one, if that needs no more than both succeeding. `apk update` goes, where what"
        " follows uses `apk add --no-cache`."
    ),
    "user-numeric": _safe("The uid, where the file or the base's passwd says it. Left: a group by name."),
    "user-uid0-alias": _no("Another uid for the user is a choice."),
    "user-unused": _no("Whether the program can run as that user is not known."),
    "useradd-l": _safe("Adds `--no-log-init`."),
    "wasted-space": _IMAGE,
    "wget-quiet": _safe("Adds `-nv`, or `-q` where it may not be GNU's wget."),
    "whole-tree-copied": _DESIGN,
    "workdir-absolute": _safe("The whole path, where the file or gate.lock says what it is relative to."),
    "world-writable": _no("Who needs to write is not known."),
}


def kind(rule: str) -> Literal["safe", "unsafe"] | None:
    """Whether ``--fix`` edits for a rule in some cases, or only with ``--unsafe-fixes``; null for not at all."""
    found = DECISIONS[rule].kind if rule in DECISIONS else "no"
    if found == "no":
        return None
    return "unsafe" if found == "unsafe" else "safe"
