"""What is said of a bug of gate's own: enough to report it, no traceback."""

from __future__ import annotations

import platform
import traceback
from pathlib import Path

from gate import __version__

ISSUES = "https://github.com/gate-images/gate/issues"
_ROOT = Path(__file__).resolve().parent.parent.parent


def describe(error: BaseException) -> str:
    """What was raised and where in gate, the innermost place first, and where to report it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "gate" in Path(frame.filename).parts]
    places = " < ".join(f"{_short(frame.filename)}:{frame.lineno}" for frame in frames[:-4:-1])
    text = str(error).strip() or "no message"
    return (
        f"internal error: {type(error).__name__}: {text[:300]}\n"
        f"  at {places or 'an unknown place'}; gate {__version__}, Python {platform.python_version()}\n"
        f"  This is a bug of gate's, not of your files. Please report it: {ISSUES}"
    )


def _short(filename: str) -> str:
    path = Path(filename)
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else path.name
