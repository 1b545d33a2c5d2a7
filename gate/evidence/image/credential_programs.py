"""Programs that give credentials: Docker's credential helpers, and the kubelet's credential provider plugins.

Both are asked over standard input and answer in JSON. They get a bounded time and their answers a bounded size; what
they print elsewhere is dropped, because it may hold secrets.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from gate.errors import ImageError
from gate.evidence.image.documents import read_object
from gate.evidence.image.registry_auth import Credential

__all__ = ["Provider", "ask", "helper_credential"]

_SECONDS = 30.0
_LIMIT = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOKEN_USER = "<token>"  # noqa: S105 - the name that says the secret is a refresh token


class _HelperAnswer(msgspec.Struct):
    username: str = msgspec.field(name="Username", default="")
    secret: str = msgspec.field(name="Secret", default="")


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One plugin of a kubelet's CredentialProviderConfig: its program and what is given to it."""

    program: Path
    args: Sequence[str] = ()
    env: Mapping[str, str] = {}


async def helper_credential(name: str, server: str, environ: Mapping[str, str]) -> Credential | None:
    """What ``docker-credential-NAME get`` knows of a server; null where it knows nothing.

    Raises `ImageError` when it is not there, hangs, or answers nonsense; the message holds none of its output.
    """
    program = f"docker-credential-{name}"
    found = shutil.which(program, path=environ.get("PATH", os.defpath)) if _NAME.fullmatch(name) else None
    if found is None:
        raise ImageError(f"{program[:100]} is not on PATH")
    status, output = await ask([found, "get"], server.encode(), environ, program)
    if status != 0:
        if b"credentials not found" in output:
            return None
        raise ImageError(f"{program} fails with status {status}")
    try:
        answer = msgspec.convert(read_object(output, program, _LIMIT), _HelperAnswer)
    except (ImageError, msgspec.ValidationError):
        raise ImageError(f"{program} answers something else than a credential") from None
    if not answer.secret:
        return None
    if answer.username == _TOKEN_USER:
        return Credential(identity_token=answer.secret)
    return Credential(username=answer.username, password=answer.secret)


async def ask(
    command: Sequence[str], text: bytes, environ: Mapping[str, str], name: str, seconds: float = _SECONDS
) -> tuple[int, bytes]:
    """Exit status and standard output of a program given ``text``; `ImageError` when it hangs or floods.

    It leads its own process group, which is ended with it. A process that left the group may keep the output open;
    nobody waits for that one.
    """
    loop = asyncio.get_running_loop()
    try:
        transport, exchange = await loop.subprocess_exec(
            _Exchange,
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environ),
            start_new_session=True,
        )
    except OSError as error:
        raise ImageError(f"{name} cannot be started: {error.strerror}") from None
    try:
        async with asyncio.timeout(seconds):
            exchange.send(transport, text)
            output = await exchange.output
            await exchange.exited.wait()
        return transport.get_returncode() or 0, output
    except TimeoutError:
        raise ImageError(f"{name} does not answer within {seconds:g} s") from None
    except _TooMuchError:
        raise ImageError(f"{name} answers more than {_LIMIT} bytes") from None
    finally:
        if transport.get_returncode() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(transport.get_pid(), signal.SIGKILL)
            await exchange.exited.wait()
        transport.close()


class _TooMuchError(Exception):
    pass


class _Exchange(asyncio.SubprocessProtocol):
    """One answer of a program.

    A protocol of our own, because the end of asyncio's `Process.wait` is the end of its pipes: it would wait for
    ever where output is left unread, or held open by a process that left the group.
    """

    def __init__(self) -> None:
        self.output: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self.exited = asyncio.Event()
        self._pieces = bytearray()

    def send(self, transport: asyncio.SubprocessTransport, text: bytes) -> None:
        pipe = transport.get_pipe_transport(0)
        if not isinstance(pipe, asyncio.WriteTransport):
            raise AssertionError("the input is a pipe")
        pipe.write(text)
        pipe.close()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._pieces += data
        if len(self._pieces) > _LIMIT and not self.output.done():
            self._pieces.clear()
            self.output.set_exception(_TooMuchError())

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == 1 and not self.output.done():
            self.output.set_result(bytes(self._pieces))

    def process_exited(self) -> None:
        self.exited.set()
