"""Who an image's config user is, by the image's own passwd and group, as the runtimes read them.

containerd's ``WithUser`` (pkg/oci/spec_opts.go at 301026e) and moby/sys/user 0.5 (user.go): numbers by Go's ``Atoi``,
the first line with the name wins, and a uid field that is missing or no number is 0. A number is never looked up as a
name. What runtimes refuse or wrap to another uid counts as root.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

__all__ = ["LARGEST_FILE", "LARGEST_ID", "Account", "AccountFiles", "names", "resolve"]

LARGEST_ID = 2**31 - 1
LARGEST_FILE = 10 << 20  # bytes of passwd or group that containerd reads
_LARGEST_INT = 2**63 - 1
_LONGEST_LINE = 64 << 10  # bufio.Scanner's
_LONGEST_GROUP_LINE = 1 << 20
_LARGEST_UNSIGNED = 2**64 - 1
_DIGITS = 20  # of the largest unsigned number
_NUMBER = re.compile(rb"([+-]?)([0-9]+)")
_GO_SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)


class AccountFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of /etc/passwd and /etc/group; null where the image has none.

    ``passwd_doubt`` and ``group_doubt``: why the content is not known, for example a file that is too large.
    """

    passwd: bytes | None = None
    group: bytes | None = None
    passwd_doubt: str | None = None
    group_doubt: str | None = None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What a config user comes to. ``root`` is null where that is not known; ``doubt`` then says why.

    ``refused``: runtimes do not start it, or not as it says. ``exists``: whether a name was found; null for numbers.
    """

    uid: int | None = None
    gid: int | None = None
    root: bool | None
    numeric: bool
    exists: bool | None = None
    doubt: str | None = None
    refused: str | None = None


class _OutOfRangeError(Exception):
    """A number that is no uid or gid."""


class _LongLineError(Exception):
    """A line that the runtime's reader gives up on."""


def resolve(user: str, files: AccountFiles) -> Account:
    """The account that the config's ``User`` names: user, uid, user:group, uid:gid, uid:group or user:gid."""
    name, colon, group = user.partition(":")
    try:
        uid = _id(name)
    except _OutOfRangeError:
        refused = f"no runtime accepts {name} as it is: refused, or wrapped to another uid"
        return Account(root=True, numeric=True, refused=refused)
    if ":" in group:
        return Account(root=None, numeric=uid is not None, doubt=f'"{user}" has more than one colon')
    if not name:
        return Account(uid=0, gid=_gid(group, files, 0), root=True, numeric=False)
    if uid is not None:
        return _number(uid, group if colon else None, files)
    return _name(name, group if colon else None, files)


def names(passwd: bytes) -> dict[str, int]:
    """Every name of a passwd file with its uid, the first line of each; empty where a line is too long."""
    found: dict[str, int] = {}
    try:
        for fields in _lines(passwd, _LONGEST_LINE):
            name = fields[0].decode("utf-8", "backslashreplace")
            if name:
                found.setdefault(name, _field(fields, 2))
    except _LongLineError:
        return {}
    return found


def _number(uid: int, group: str | None, files: AccountFiles) -> Account:
    gid = 0
    if group is not None:
        return Account(uid=uid, gid=_gid(group, files, None), root=uid == 0, numeric=True)
    if files.passwd is not None:
        try:
            gid = next((_field(line, 3) for line in _lines(files.passwd, _LONGEST_LINE) if _field(line, 2) == uid), 0)
        except _LongLineError:
            return Account(uid=uid, root=uid == 0, numeric=True)
    known = files.passwd_doubt is None and 0 <= gid <= LARGEST_ID
    return Account(uid=uid, gid=gid if known else None, root=uid == 0, numeric=True)


def _name(name: str, group: str | None, files: AccountFiles) -> Account:
    if files.passwd_doubt is not None:
        return Account(root=None, numeric=False, doubt=files.passwd_doubt)
    wanted = name.encode("utf-8", "surrogatepass")
    try:
        line = next((each for each in _lines(files.passwd or b"", _LONGEST_LINE) if each[0] == wanted), None)
    except _LongLineError:
        return Account(root=None, numeric=False, doubt="a line of /etc/passwd is longer than 64 KiB")
    if line is None:
        refused = f"no line of /etc/passwd names {name}: it does not start"
        return Account(root=name == "root", numeric=False, exists=False, refused=refused)
    uid = _field(line, 2)
    if not 0 <= uid <= LARGEST_ID:
        refused = f"/etc/passwd gives {name} the uid {uid}, which runtimes wrap to another"
        return Account(root=True, numeric=False, exists=True, refused=refused)
    gid: int | None = _field(line, 3)
    if group is not None:
        gid = _gid(group, files, None)
    elif not 0 <= (gid or 0) <= LARGEST_ID:
        gid = None
    return Account(uid=uid, gid=gid, root=uid == 0, numeric=False, exists=True)


def _gid(group: str, files: AccountFiles, empty: int | None) -> int | None:
    """The gid of the group part; null where it is not known or refused."""
    if not group:
        return empty
    try:
        number = _id(group)
        if number is not None:
            return number
        if files.group_doubt is not None:
            return None
        wanted = group.encode("utf-8", "surrogatepass")
        lines = _lines(files.group or b"", _LONGEST_GROUP_LINE)
        gid = next((_field(line, 2) for line in lines if line[0] == wanted and line[0][:1] != b"#"), None)
    except (_OutOfRangeError, _LongLineError):
        return None
    return gid if gid is not None and 0 <= gid <= LARGEST_ID else None


def _id(text: str) -> int | None:
    """The number a text is for Go's ``Atoi``, in the range of ids; null for a name."""
    number = _atoi(text.encode("utf-8", "surrogatepass"))
    if number is not None and not 0 <= number <= LARGEST_ID:
        raise _OutOfRangeError
    return number


def _field(fields: list[bytes], index: int) -> int:
    """A numeric field as moby/sys/user reads it: 0 for what is missing or no number, the nearest for too large."""
    return _atoi(fields[index]) or 0 if len(fields) > index else 0


def _atoi(text: bytes) -> int | None:
    """Go's ``Atoi``: the nearest number where it is out of range, null where the text is none.

    Digits are read up to the first that overflows, so what follows those does not matter.
    """
    found = _NUMBER.match(text)
    if not found:
        return None
    digits = found[2].lstrip(b"0")
    overflows = len(digits) > _DIGITS or int(digits or b"0") > _LARGEST_UNSIGNED
    if not overflows and found.end() != len(text):
        return None
    number = _LARGEST_UNSIGNED if overflows else int(digits or b"0")
    return max(-_LARGEST_INT - 1, -number) if found[1] == b"-" else min(_LARGEST_INT, number)


def _lines(content: bytes, longest: int) -> Iterator[list[bytes]]:
    """The fields of every line that is not blank; one line that is too long spoils all."""
    lines = content.split(b"\n")
    if any(len(line) >= longest for line in lines):
        raise _LongLineError
    for line in lines:
        fields = _trimmed(line)
        if fields:
            yield fields.split(b":")


def _trimmed(line: bytes) -> bytes:
    """Without the white space Go's ``bytes.TrimSpace`` removes."""
    return line.decode("utf-8", "surrogateescape").strip(_GO_SPACES).encode("utf-8", "surrogateescape")
