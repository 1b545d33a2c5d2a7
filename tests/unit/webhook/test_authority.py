"""The webhook's own CA rotates so that at no moment a caller distrusts what is served."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from gate.webhook.authority import Lives, Material, advance
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ["gate.gate-system.svc", "gate.gate-system.svc.cluster.local"]
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LIVES = Lives(ca=dt.timedelta(days=30), leaf=dt.timedelta(days=9), settle=dt.timedelta(minutes=10))


def verifies(leaf: bytes, bundle: bytes) -> bool:
    certificate = x509.load_pem_x509_certificate(leaf)
    for ca in x509.load_pem_x509_certificates(bundle):
        try:
            certificate.verify_directly_issued_by(ca)
        except (InvalidSignature, ValueError, TypeError):
            continue
        return True
    return False


def test_the_first_step_makes_a_ca_and_a_leaf_for_all_names() -> None:
    made = advance(None, START, NAMES, lives=LIVES)
    assert made.phase == "steady"
    assert verifies(made.leaf, made.bundle)
    san = (
        x509.load_pem_x509_certificate(made.leaf).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    )
    assert san.get_values_for_type(x509.DNSName) == NAMES


def test_nothing_due_changes_nothing() -> None:
    made = advance(None, START, NAMES, lives=LIVES)
    assert advance(made, START + dt.timedelta(days=1), NAMES, trusted=made.bundle, lives=LIVES) is made


@pytest.mark.parametrize("change", ["name", "age"])
def test_a_leaf_is_renewed_under_the_same_ca(change: str) -> None:
    made = advance(None, START, NAMES, lives=LIVES)
    later = START + dt.timedelta(days=7 if change == "age" else 0)
    new = advance(made, later, NAMES if change == "age" else [*NAMES, "x.svc"], trusted=made.bundle, lives=LIVES)
    assert (new.ca, new.phase) == (made.ca, "steady") and new.leaf != made.leaf and verifies(new.leaf, made.bundle)


def test_a_new_ca_serves_nothing_until_it_is_trusted_and_settled() -> None:
    made = advance(None, START, NAMES, lives=LIVES)
    at = START + dt.timedelta(days=21)
    introduced = advance(made, at, NAMES, trusted=made.bundle, lives=LIVES)
    assert introduced.phase == "introduced" and verifies(introduced.leaf, made.ca)
    early = advance(introduced, at + dt.timedelta(minutes=5), NAMES, trusted=introduced.bundle, lives=LIVES)
    untrusted = advance(introduced, at + dt.timedelta(minutes=20), NAMES, trusted=made.bundle, lives=LIVES)
    assert (early.phase, untrusted.phase) == ("introduced", "introduced")
    switched = advance(introduced, at + dt.timedelta(minutes=20), NAMES, trusted=introduced.bundle, lives=LIVES)
    assert switched.phase == "switched" and verifies(switched.leaf, introduced.other_ca)
    assert made.ca in switched.bundle
    steady = advance(switched, at + dt.timedelta(minutes=40), NAMES, trusted=switched.bundle, lives=LIVES)
    assert (steady.phase, steady.bundle) == ("steady", introduced.other_ca)


@pytest.mark.parametrize("field", ["ca", "ca_key", "leaf", "leaf_key"])
def test_a_secret_somebody_edited_is_made_anew(field: str) -> None:
    made = advance(None, START, NAMES, lives=LIVES)
    other = advance(None, START, NAMES, lives=LIVES)
    for value in (b"", b"junk", getattr(other, field)):
        new = advance(replace(made, **{field: value}), START, NAMES, lives=LIVES)
        assert verifies(new.leaf, new.bundle)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(1, 60 * 24 * 4), st.booleans()), min_size=1, max_size=40))
def test_whatever_the_timing_the_leaf_is_trusted_by_what_was_last_published(steps: list[tuple[int, bool]]) -> None:
    now = START
    stored: Material = advance(None, now, NAMES, lives=LIVES)
    published = stored.bundle
    for minutes, publish in steps:
        now += dt.timedelta(minutes=minutes)
        before = stored
        stored = advance(stored, now, NAMES, trusted=published, lives=LIVES)
        ended = now >= x509.load_pem_x509_certificate(before.ca).not_valid_after_utc
        if not ended:
            assert verifies(stored.leaf, published)
        if publish or ended:
            published = stored.bundle
