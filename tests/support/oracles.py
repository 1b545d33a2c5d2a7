"""Clients of the oracles in ``tests/oracle/go``: programs that answer one JSON line with one JSON line.

Bytes that are not UTF-8 arrive as the lone surrogates of Python's ``surrogateescape``.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import queue
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

Answer = dict[str, Any]
BATCH = 128


class OracleError(Exception):
    """An oracle did not answer: it crashed, hung or refused the request. Says nothing about the input's validity."""


class JsonLines:
    """One oracle process, started when first asked and started again after a crash or a timeout.

    ``timeout`` is the seconds one answer may take. Not to be shared between threads.
    """

    def __init__(self, program: Path, timeout: float = 30.0) -> None:
        self.program = program
        self.timeout = timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[bytes] = queue.Queue()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._numbers = itertools.count(1)

    def ask(self, request: Mapping[str, Any]) -> Answer:
        """The answer to one request; OracleError when there is none."""
        return next(self.ask_all([request]))

    def ask_all(self, requests: Iterable[Mapping[str, Any]]) -> Iterator[Answer]:
        """The answers to many requests, in order; faster than asking one by one."""
        waiting = iter(requests)
        while batch := list(itertools.islice(waiting, BATCH)):
            yield from self._exchange(batch)

    def _exchange(self, batch: Sequence[Mapping[str, Any]]) -> list[Answer]:
        numbered = [{"id": next(self._numbers), **request} for request in batch]
        self._send(b"".join(json.dumps(request).encode() + b"\n" for request in numbered))
        answers = [self._receive() for _ in numbered]
        for request, answer in zip(numbered, answers, strict=True):
            if "error" in answer:
                raise OracleError(f"{self.program.name}: {answer['error']['message']}")
            if answer.pop("id") != request["id"]:
                self._stop()
                raise OracleError(f"{self.program.name}: answers out of order")
        return answers

    def _send(self, lines: bytes) -> None:
        process = self._running()
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # _receive reports the crash
            process.stdin.write(lines)
            process.stdin.flush()

    def _receive(self) -> Answer:
        try:
            line = self._answers.get(timeout=self.timeout)
        except queue.Empty:
            self._stop()
            raise OracleError(f"{self.program.name}: no answer within {self.timeout:g} s") from None
        if not line:
            self._stop()
            raise OracleError(f"{self.program.name} ended: {self._last_errors()}")
        answer: Answer = json.loads(line)
        return answer

    def _last_errors(self) -> str:
        self._errors.seek(0, 2)
        self._errors.seek(max(0, self._errors.tell() - 4000))
        return self._errors.read().decode(errors="replace").strip()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
            self._answers = queue.Queue()
            threading.Thread(target=_pump, args=(self._process, self._answers), daemon=True).start()
        return self._process

    def _stop(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            process.kill()
            process.wait()
            assert process.stdin is not None
            with contextlib.suppress(OSError):
                process.stdin.close()

    def close(self) -> None:
        """End the process."""
        self._stop()
        self._errors.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pump(process: subprocess.Popen[bytes], answers: queue.Queue[bytes]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            answers.put(line)
    answers.put(b"")


class BuildkitOracle(JsonLines):
    """BuildKit v0.33.1's parser, shell lexer and Dockerfile-to-LLB conversion (tests/oracle/go/buildkit)."""

    def parse(self, dockerfile: bytes | str) -> Answer:
        """``parser.Parse`` and ``instructions.Parse``.

        Keys: error, syntax, escape, directives, instructions (cmd, sub, json, flags, sub_flags, original, start_line,
        end_line, values, heredocs), warnings, stages_error, stages, global_args. ``error`` and ``stages_error`` are
        null or {message, lines}.
        """
        answer: Answer = self.ask({"mode": "parse", "dockerfile": _encoded(dockerfile)})["parse"]
        return answer

    def build(self, dockerfile: bytes | str, **options: Any) -> Answer:
        """``Dockerfile2LLB``. Options as in :meth:`build_request`.

        Keys: error, config (null after an error), inputs ({reference, platform} of images resolved), sources
        ({identifier, platform} of source operations in the result), reached_lines, warnings. An external image's
        config has user ``base-user:<reference>`` and env ``BASE_OF=<reference>`` unless ``bases`` says otherwise.
        """
        answer: Answer = self.ask(self.build_request(dockerfile, **options))["build"]
        return answer

    def parse_and_build(self, dockerfile: bytes | str, **options: Any) -> tuple[Answer, Answer]:
        """Both of the above in one exchange."""
        answer = self.ask(self.build_request(dockerfile, **options))
        return answer["parse"], answer["build"]

    @staticmethod
    def build_request(
        dockerfile: bytes | str,
        *,
        target: str = "",
        platform: str = "linux/amd64",
        build_platform: str = "linux/amd64",
        build_args: Mapping[str, str] | None = None,
        bases: Mapping[str, Mapping[str, Any] | None] | None = None,
        all_stages: bool = False,
    ) -> Answer:
        """A request for :meth:`ask_all`, whose answers hold ``parse`` and ``build``.

        ``bases``: normalized reference -> config (user, env, entrypoint, cmd, working_dir, shell, on_build, labels,
        exposed_ports, volumes, stop_signal), or None for an image that does not exist.
        """
        return {
            "mode": "build",
            "dockerfile": _encoded(dockerfile),
            "target": target,
            "platform": platform,
            "build_platform": build_platform,
            "build_args": dict(build_args or {}),
            "bases": dict(bases or {}),
            "all_stages": all_stages,
        }

    def expand(
        self, word: bytes | str, env: Mapping[str, bytes | str] | None = None, escape: str = "\\", **lexer: bool
    ) -> Answer:
        """``shell.Lex.ProcessWord`` and ``ProcessWords``. Options as in :meth:`expand_request`.

        Keys: error, result, words_error, words, matched, unmatched.
        """
        answer: Answer = self.ask(self.expand_request(word, env, escape, **lexer))["expand"]
        return answer

    @staticmethod
    def expand_request(
        word: bytes | str, env: Mapping[str, bytes | str] | None = None, escape: str = "\\", **lexer: bool
    ) -> Answer:
        """A request for :meth:`ask_all`, whose answers hold ``expand``.

        ``lexer``: raw_quotes, raw_escapes, skip_process_quotes, skip_unset_env.
        """
        values = {key: _encoded(value) for key, value in (env or {}).items()}
        return {"mode": "expand", "word": _encoded(word), "env": values, "escape": escape, "lexer": lexer}


class ReferenceOracle(JsonLines):
    """github.com/distribution/reference v0.6.0 (tests/oracle/go/reference)."""

    def parse(self, reference: str) -> Answer:
        """Keys: error (a message or null), normalized (ParseNormalizedNamed) and docker (ParseDockerRef), each null
        or {text, familiar, domain, path, tag, digest}."""
        return next(self.parse_all([reference]))

    def parse_all(self, references: Iterable[str]) -> Iterator[Answer]:
        """:meth:`parse` for many references."""
        requests = ({"reference": reference} for reference in references)
        for answer in self.ask_all(requests):
            yield {"error": answer["refused"], "normalized": answer["normalized"], "docker": answer["docker"]}


class TarOracle(JsonLines):
    """Go's archive/tar, with which Docker, containerd and BuildKit unpack layers (tests/oracle/go/tarlist)."""

    def entries(self, archive: bytes | Path, *, gzip: bool = False, hashes: bool = False) -> Answer:
        """Keys: error (a message or null) and entries, those before the error included: name, typeflag, mode, uid,
        gid, uname, gname, size, linkname, devmajor, devminor, pax, format, and sha256 of regular files if asked."""
        return next(self.entries_all([archive], gzip=gzip, hashes=hashes))

    def entries_all(
        self, archives: Iterable[bytes | Path], *, gzip: bool = False, hashes: bool = False
    ) -> Iterator[Answer]:
        """:meth:`entries` for many archives."""
        requests = (
            {"gzip": gzip, "hash": hashes}
            | ({"path": str(archive)} if isinstance(archive, Path) else {"data": _encoded(archive)})
            for archive in archives
        )
        for answer in self.ask_all(requests):
            yield {"error": answer["refused"], "entries": answer["entries"]}


class UnpackOracle(JsonLines):
    """containerd v2.3.6's way from layers to a file tree (tests/oracle/go/unpack). Needs root."""

    def trees(self, stacks: Iterable[Sequence[bytes]], snapshotter: str) -> Iterator[Answer]:
        """One answer a stack of uncompressed layers, lowest first. ``snapshotter``: naive or overlay.

        Keys: error (a message or null) and files: path, type, mode, size, target, inode.
        """
        requests = ({"layers": [_encoded(layer) for layer in stack], "snapshotter": snapshotter} for stack in stacks)
        for answer in self.ask_all(requests):
            yield {"error": answer["refused"], "files": answer["files"]}


class PasswdOracle(JsonLines):
    """moby/sys/user v0.5.0, with which Docker and containerd read passwd and group (tests/oracle/go/passwd)."""

    def lookups(self, questions: Iterable[tuple[bytes, bytes, str, str]]) -> Iterator[Answer]:
        """One answer for each passwd, group, name, group name: refused, found, uid, gid, groupfound, group."""
        return self.ask_all(
            {"passwd": _encoded(passwd), "group": _encoded(group), "name": name, "groupname": groupname}
            for passwd, group, name, groupname in questions
        )


def _encoded(value: bytes | str) -> str:
    raw = value if isinstance(value, bytes) else value.encode("utf-8", "surrogateescape")
    return base64.b64encode(raw).decode()
