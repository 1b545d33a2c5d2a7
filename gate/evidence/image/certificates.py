"""Certificates for registries: whom to trust, and what to show a registry that asks who connects.

They are what ``registries:`` says, else what the machine keeps for a host where Docker and podman look for it:
``certs.d/HOST`` with ``*.crt`` (authorities) and ``*.cert`` beside ``*.key`` (a client's certificate).
"""

from __future__ import annotations

import functools
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gate.errors import SettingsError
from gate.settings.model import Registry

__all__ = ["NONE", "Certificates", "context", "folders", "of_folder", "of_row", "stamp", "unchecked"]


class Certificates(NamedTuple):
    """Files of one registry: authorities beside the system's, and a client's certificate with its key.

    ``source`` is where they are named, for messages.
    """

    authorities: tuple[Path, ...] = ()
    client: tuple[Path, Path] | None = None
    source: str = ""


NONE = Certificates()


def folders(environ: Mapping[str, str], home: Path) -> list[Path]:
    """The ``certs.d`` folders of this machine, first wins: podman's of the user and of the machine, then Docker's."""
    config = environ.get("XDG_CONFIG_HOME") or ""
    own = Path(config) if Path(config).is_absolute() else home / ".config"
    return [own / "containers" / "certs.d", Path("/etc/containers/certs.d"), Path("/etc/docker/certs.d")]


def of_row(row: Registry, root: Path) -> Certificates:
    """Those that a row of ``registries:`` names; its paths are relative to ``root``."""
    client = (root / row.client_cert, root / row.client_key) if row.client_cert and row.client_key else None
    return Certificates((root / row.ca,) if row.ca else (), client, f"registries: {row.host}")


def of_folder(places: Sequence[Path], host: str) -> Certificates:
    """Those of the first ``certs.d`` folder that has the host; none where no folder has it, or may be read.

    Raises `SettingsError` for a certificate without a key beside it.
    """
    for place in places:
        folder = place / host
        try:
            names = sorted(each.name for each in folder.iterdir())
        except OSError:
            continue
        certificates = [name for name in names if name.endswith(".cert")]
        client = None
        if certificates:
            key = certificates[0].removesuffix(".cert") + ".key"
            if key not in names:
                raise SettingsError(f"holds {certificates[0]} without {key}", where=str(folder))
            client = folder / certificates[0], folder / key
        return Certificates(tuple(folder / name for name in names if name.endswith(".crt")), client, str(folder))
    return NONE


def unchecked() -> ssl.SSLContext:
    """TLS with whoever answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def context(certificates: Certificates) -> ssl.SSLContext:
    """TLS by the system's authorities and these; raises `SettingsError` for files that are not what they should be."""
    files = [*certificates.authorities, *(certificates.client or ())]
    return _context(certificates, tuple(_changed(path, certificates.source) for path in files))


def stamp(certificates: Certificates) -> tuple[int, ...] | None:
    """What changes when one of the files does; null while one of them cannot be read."""
    files = [*certificates.authorities, *(certificates.client or ())]
    try:
        return tuple(_changed(path, certificates.source) for path in files)
    except SettingsError:
        return None


def _changed(path: Path, source: str) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}", where=source) from None


@functools.lru_cache(maxsize=64)
def _context(certificates: Certificates, changed: tuple[int, ...]) -> ssl.SSLContext:
    """Reading the system's authorities takes long enough to do it once; files that ``changed`` are read anew."""
    made = ssl.create_default_context()
    for path in certificates.authorities:
        try:
            made.load_verify_locations(cafile=path)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"{path} is not a readable CA file: {error}", where=certificates.source) from None
    if certificates.client is not None:
        _show(made, certificates.client, certificates.source)
    return made


def _show(context: ssl.SSLContext, client: tuple[Path, Path], source: str) -> None:
    """Let the context show a client's certificate."""
    certificate, key = client
    asked = False

    def password() -> str:
        nonlocal asked
        asked = True  # or OpenSSL would ask whoever sits at the terminal
        return ""

    try:
        context.load_cert_chain(certificate, key, password)
    except (OSError, ssl.SSLError, ValueError) as error:
        if asked:
            message, hint = f"{key} needs a password", "gate has nowhere to ask for one; decrypt the key"
        elif isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
            message, hint = f"{key} is not the key of {certificate}", None
        else:
            message = f"{certificate} and {key} are not a readable certificate with its key: {error}"
            hint = "both are PEM files"
        raise SettingsError(message, where=source, hint=hint) from None
