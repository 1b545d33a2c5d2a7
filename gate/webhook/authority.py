"""The webhook's own certificate authority: a CA, a leaf, and their rotation without one failed call.

Pure: what is stored goes in, what to store comes out. A new CA is first *introduced* (callers trust old and new), then
*switched* to (leaves come from it), and only then is the old one dropped; between the steps lies a settling time, in
which every API server has seen the bundle and every replica serves the new leaf.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Phase = Literal["steady", "introduced", "switched"]

CA_LIFE = dt.timedelta(days=5 * 365)
LEAF_LIFE = dt.timedelta(days=90)
SETTLE = dt.timedelta(minutes=10)
_BACKDATE = dt.timedelta(minutes=5)
"""Certificates begin a little in the past, for clocks that run behind."""


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that is stored, PEM. ``other_ca``: the CA to come (introduced) or to go (switched)."""

    ca: bytes
    ca_key: bytes
    leaf: bytes
    leaf_key: bytes
    phase: Phase
    since: dt.datetime
    other_ca: bytes = b""
    other_ca_key: bytes = b""

    @property
    def bundle(self) -> bytes:
        """What callers must trust now: one CA, or both while one replaces the other."""
        return self.ca + self.other_ca


@dataclass(frozen=True, slots=True)
class Lives:
    """How long things last; tests use short ones. Both are renewed after two thirds of their life."""

    ca: dt.timedelta = CA_LIFE
    leaf: dt.timedelta = LEAF_LIFE
    settle: dt.timedelta = SETTLE


def advance(
    stored: Material | None, now: dt.datetime, names: Sequence[str], *, trusted: bytes = b"", lives: Lives | None = None
) -> Material:
    """What should be stored at ``now``; the same object where nothing is due.

    ``names``: DNS names of the leaf, the service's first. ``trusted``: the bundle that API servers are told to trust,
    read back from the webhook configuration; no leaf of a CA outside it is served.
    """
    lives = lives or Lives()
    if stored is None or not _readable(stored):
        return _fresh(now, names, lives)
    material = _advance_ca(stored, now, names, trusted, lives)
    if _due(material.leaf, now) or not _covers(material.leaf, names):
        leaf, key = _issue_leaf(material.ca, material.ca_key, now, names, lives.leaf)
        material = replace(material, leaf=leaf, leaf_key=key)
    return material


def _advance_ca(stored: Material, now: dt.datetime, names: Sequence[str], trusted: bytes, lives: Lives) -> Material:
    settled = now - stored.since >= lives.settle
    if stored.phase == "steady":
        if not _due(stored.ca, now):
            return stored
        if _ended(stored.ca, now):
            return _fresh(now, names, lives)
        ca, key = _issue_ca(now, lives.ca)
        return replace(stored, other_ca=ca, other_ca_key=key, phase="introduced", since=now)
    if stored.phase == "introduced":
        if not (settled and _trusts(trusted, stored.other_ca)):
            return stored
        leaf, leaf_key = _issue_leaf(stored.other_ca, stored.other_ca_key, now, names, lives.leaf)
        return Material(
            ca=stored.other_ca,
            ca_key=stored.other_ca_key,
            leaf=leaf,
            leaf_key=leaf_key,
            phase="switched",
            since=now,
            other_ca=stored.ca,
        )
    return replace(stored, other_ca=b"", other_ca_key=b"", phase="steady", since=now) if settled else stored


def _fresh(now: dt.datetime, names: Sequence[str], lives: Lives) -> Material:
    ca, ca_key = _issue_ca(now, lives.ca)
    leaf, leaf_key = _issue_leaf(ca, ca_key, now, names, lives.leaf)
    return Material(ca=ca, ca_key=ca_key, leaf=leaf, leaf_key=leaf_key, phase="steady", since=now)


def _issue_ca(now: dt.datetime, life: dt.timedelta) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"gate webhook CA {now:%Y-%m-%dT%H:%M:%SZ}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _pem(certificate), _key_pem(key)


def _issue_leaf(
    ca_pem: bytes, ca_key_pem: bytes, now: dt.datetime, names: Sequence[str], life: dt.timedelta
) -> tuple[bytes, bytes]:
    ca = x509.load_pem_x509_certificate(ca_pem)
    ca_key = serialization.load_pem_private_key(ca_key_pem, None)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
        .issuer_name(ca.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(min(now + life, ca.not_valid_after_utc))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key()),  # type: ignore[arg-type]
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())  # type: ignore[arg-type]
    )
    return _pem(certificate), _key_pem(key)


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _due(pem: bytes, now: dt.datetime) -> bool:
    certificate = x509.load_pem_x509_certificate(pem)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return now >= certificate.not_valid_before_utc + life * 2 / 3


def _ended(pem: bytes, now: dt.datetime) -> bool:
    return now >= x509.load_pem_x509_certificate(pem).not_valid_after_utc


def _covers(pem: bytes, names: Sequence[str]) -> bool:
    certificate = x509.load_pem_x509_certificate(pem)
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names) <= set(found.get_values_for_type(x509.DNSName))


def _trusts(bundle: bytes, ca: bytes) -> bool:
    return ca.strip() in bundle


def _readable(stored: Material) -> bool:
    """Whether everything parses and the keys fit; a stored Secret that somebody edited is made anew."""
    try:
        for certificate, key in ((stored.ca, stored.ca_key), (stored.leaf, stored.leaf_key)):
            public = x509.load_pem_x509_certificate(certificate).public_key()
            private = serialization.load_pem_private_key(key, None)
            if private.public_key() != public:
                return False
        if stored.phase == "introduced":
            serialization.load_pem_private_key(stored.other_ca_key, None)
            x509.load_pem_x509_certificate(stored.other_ca)
    except (ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return True
