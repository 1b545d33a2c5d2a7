"""Metrics of the webhook, in Prometheus' format. No label holds text that a user or an image controls."""

from __future__ import annotations

import math

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_REASONS = (
    ("pending: ", "pending"),
    ("rule-error", "rule-error"),
    ("engine", "engine"),
    ("unauthorized", "registry-unauthorized"),
    ("not found", "image-not-found"),
    ("registry", "registry"),
    ("layer", "layers"),
    ("tag", "reference"),
    ("reference", "reference"),
)


def reason_label(reason: str) -> str:
    """One of a fixed set of labels for why something is undecided."""
    low = reason.lower()
    return next((label for part, label in _REASONS if part in low), "other")


class Metrics:
    """Every metric the webhook exports, in a registry of its own."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(name, text, labels, registry=self.registry)

        def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(name, text, labels, registry=self.registry)

        self.admissions = counter("gate_admission", "Reviews answered.", ("verdict", "environment"))
        self.undecided = counter("gate_undecided", "Reasons why containers were undecided.", ("reason",))
        self.seconds = Histogram(
            "gate_admission_seconds", "Time to answer a review.", registry=self.registry, buckets=_SECONDS
        )
        self.evidence_seconds = Histogram(
            "gate_evidence_seconds", "Time to get the evidence of an image.", registry=self.registry, buckets=_SECONDS
        )
        self.cache = counter("gate_evidence_cache", "Where evidence came from.", ("source",))
        self.registry_errors = counter("gate_registry_errors", "Failed registry requests.", ("reason",))
        self.inflight = gauge("gate_admission_inflight", "Reviews being judged.")
        self.shed = counter("gate_admission_shed", "Reviews answered 503, the server being full.")
        self.bad_requests = counter("gate_bad_requests", "Requests that were no AdmissionReview.")
        self.queue = gauge("gate_analysis_queue", "Images waiting to be read.")
        self.policy = gauge("gate_policy_info", "The policy in force; 1.", ("revision",))
        self.reload_failures = counter("gate_policy_reload_failures", "Policies or settings that did not load.")
        self.reload_failed = gauge("gate_policy_reload_failed", "1 while the last good policy stays in force.")
        self.certificate = gauge("gate_certificate_expiry_seconds", "Seconds until the serving certificate ends.")
        self.certificate_failures = counter("gate_certificate_reload_failures", "TLS pairs that did not load.")
        self.self_test = gauge("gate_self_test_refused", "1 when the last known-bad Pod was refused, 0 when not.")
        self.self_test.set(math.nan)  # until one was made

    def set_policy(self, revision: str) -> None:
        """Show ``revision`` as the only policy in force."""
        self.policy.clear()
        self.policy.labels(revision=revision).set(1)

    def render(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)
