"""TLS of the webhook: certificates that can be swapped while connections come in.

A new pair is loaded into a fresh context first and swapped in through the server name callback: loading a mismatched
pair into the live context would leave it broken, and every new connection would be reset.
"""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from gate.errors import UsageError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the pair is. In a mounted Secret both are links into one ``..data`` directory, replaced at once.

    ``client_ca`` asks callers for a certificate of that authority; ``client_names`` are the subject names allowed.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    client_names: tuple[str, ...] = ()


class LiveContext:
    """An `ssl.SSLContext` whose certificate can be replaced; `outer` is what the server listens with."""

    def __init__(self, files: TlsFiles) -> None:
        self.files = files
        self._current, self._digest, self.not_after = self._load()
        self.outer = _context(files)
        self.outer.load_cert_chain(files.certificate, files.key)
        self.outer.sni_callback = self._swap

    def _swap(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current

    def reload(self) -> bool:
        """Read the files again; True when a new pair is served from now on.

        Raises `UsageError` when the new pair does not load; the old one stays in service.
        """
        if _digest(self.files) == self._digest:
            return False
        self._current, self._digest, self.not_after = self._load()
        return True

    def _load(self) -> tuple[ssl.SSLContext, str, float]:
        digest = _digest(self.files)
        context = _context(self.files)
        try:
            context.load_cert_chain(self.files.certificate, self.files.key)
            not_after = _not_after(self.files.certificate)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"the TLS pair does not load: {error}",
                where=str(self.files.certificate),
                hint="the certificate and the key must be PEM files of one pair",
            ) from error
        return context, digest, not_after


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if files.client_ca is not None:
        try:
            context.load_verify_locations(files.client_ca)
        except (OSError, ValueError) as error:
            raise UsageError(f"the client CA does not load: {error}", where=str(files.client_ca)) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _digest(files: TlsFiles) -> str:
    """A digest of both files, read through one resolved directory so that a swap in between is not seen half."""
    hasher = hashlib.sha256()
    try:
        for path in (files.certificate, files.key):
            hasher.update(path.resolve(strict=True).read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read the TLS pair: {error.strerror}", where=str(error.filename)) from error
    return hasher.hexdigest()


def _not_after(certificate: Path) -> float:
    """When the first certificate of the file ends, in seconds since the epoch."""
    from cryptography import x509

    return x509.load_pem_x509_certificates(certificate.read_bytes())[0].not_valid_after_utc.timestamp()


def caller_is_allowed(peer: dict[str, object] | None, names: tuple[str, ...]) -> bool:
    """Whether a client certificate's common name or a DNS name of it is in ``names`` (empty: any is)."""
    if not names:
        return True
    if not peer:
        return False
    subject = peer.get("subject", ())
    found = {value for rdn in subject for key, value in rdn if key == "commonName"}  # type: ignore[attr-defined]
    found |= {value for key, value in peer.get("subjectAltName", ()) if key == "DNS"}  # type: ignore[attr-defined]
    return bool(found & set(names))
