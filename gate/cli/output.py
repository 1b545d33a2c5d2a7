"""Where reports go: standard output, or files that are whole or not there at all."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from gate.errors import UsageError
from gate.report import FORMATS


class Output(NamedTuple):
    """One report to write; ``path`` is None for standard output."""

    format: str
    path: Path | None


def parse(texts: Sequence[str], formats: Sequence[str] = FORMATS) -> list[Output]:
    """The outputs that ``-o FORMAT[=FILE]`` options name; raises `UsageError`.

    At most one report goes to standard output: two would be one unreadable text.
    """
    outputs = []
    for text in texts:
        name, equals, file = text.partition("=")
        if name not in formats:
            from difflib import get_close_matches

            close = get_close_matches(name, formats, n=1)
            hint = f'Did you mean "{close[0]}"?' if close else f"Formats are {', '.join(formats)}."
            raise UsageError(f'there is no report format "{name}"', hint=hint)
        if equals and not file:
            raise UsageError(f'"{text}" names no file', hint=f"Write {name}=FILE, or {name} for standard output.")
        outputs.append(Output(name, Path(file) if file and file != "-" else None))
    if sum(output.path is None for output in outputs) > 1:
        raise UsageError(
            "two reports for standard output", hint="Give all but one a file: -o text -o sarif=gate.sarif."
        )
    paths = [output.path for output in outputs if output.path is not None]
    for path in paths:
        if paths.count(path) > 1:
            raise UsageError(f"two reports for {path}")
        if not path.parent.is_dir():
            raise UsageError(f"no such folder: {path.parent}", where=f"-o {path}")
        if path.is_dir():
            raise UsageError("it is a folder", where=f"-o {path}")
    return outputs


def write_file(path: Path, text: str) -> None:
    """Write a text as `write_bytes` does."""
    write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write bytes as `write_pieces` does."""
    write_pieces(path, [data])


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file whole: beside it first, then in its place. Devices and pipes are written to as they are.

    Raises `UsageError` where that cannot be done; the old file is then untouched.
    """
    import tempfile

    try:
        if _is_special(path):
            with path.open("wb", buffering=0) as device:
                for piece in pieces:
                    device.write(piece)
            return
        target = path.resolve()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
        try:
            with os.fdopen(handle, "wb") as sink:
                sink.writelines(pieces)
            _give(Path(name), target)
            Path(name).chmod(_mode(target))
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror or error}", where=str(path)) from None


def write_stdout(text: str) -> None:
    """Write to standard output in one go; `BrokenPipeError` where the reader has gone, `UsageError` where it fails."""
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise UsageError("cannot be written: it is closed", where="standard output")
    text = text.encode(stream.encoding, "backslashreplace").decode(stream.encoding)
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence(stream)
        raise UsageError(f"cannot be written: {error.strerror}", where="standard output") from None


def write_stdout_bytes(data: bytes) -> None:
    """Write bytes as they are, as `write_stdout` does text."""
    stream: TextIO | None = sys.stdout
    binary = getattr(stream, "buffer", None)
    if stream is None or binary is None:
        write_stdout(data.decode("utf-8", "replace"))
        return
    try:
        binary.write(data)
        binary.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        silence(stream)
        raise UsageError(f"cannot be written: {error.strerror}", where="standard output") from None


def is_terminal() -> bool:
    """Whether a person looks at standard output."""
    stream: TextIO | None = sys.stdout
    return stream is not None and stream.isatty()


def width() -> int:
    """Columns to fill: the terminal's, within reason, else 100."""
    if not is_terminal():
        return 100
    return max(60, min(os.get_terminal_size(sys.stdout.fileno()).columns, 140))


def _is_special(path: Path) -> bool:
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _mode(target: Path) -> int:
    """The mode of the file that is replaced, else what the umask leaves of rw-rw-rw-."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _give(path: Path, target: Path) -> None:
    """Make a file belong to whom the one belongs that it replaces, where we may."""
    if hasattr(os, "chown") and target.exists():
        old = target.stat()
        with contextlib.suppress(PermissionError):
            os.chown(path, old.st_uid, old.st_gid)


def silence(stream: object) -> None:
    """Point a stream whose reader has gone at nothing, so that Python's own last flush cannot fail."""
    fileno = getattr(stream, "fileno", None)
    if fileno is not None:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, fileno())
        os.close(null)
