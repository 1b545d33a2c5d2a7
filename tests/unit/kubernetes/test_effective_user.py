"""runAsUser, runAsGroup and runAsNonRoot combine as the kubelet does."""

from __future__ import annotations

from typing import Any

import pytest
from gate.evidence.kubernetes.effective_user import effective_security, effective_user, predicted_refusals
from gate.evidence.kubernetes.workloads import ContainerRef
from gate.evidence.model import ConfigOrigin, UserFact

ROOT = UserFact(state="known", value="", uid=0, root=True, numeric=True, origin=ConfigOrigin(field="User"))
NUMBER = UserFact(state="known", value="10001", uid=10001, root=False, numeric=True)
NAME = UserFact(state="known", value="app", uid=10001, root=False, numeric=False)
UNKNOWN = UserFact(state="unknown", reason="registry down")


def ref(container: dict[str, Any] | None = None, pod: dict[str, Any] | None = None, **more: Any) -> ContainerRef:
    return ContainerRef(
        name="api", role="container", image="a:1", pointer="/spec/containers/0", image_pointer="/spec/containers/0/image",
        security=container or {}, pod_security=pod or {}, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("container", "pod", "image", "expected"),
    [
        # (state, uid, root): the container's field beats the pod's, the pod's beats the image's
        ({}, {}, ROOT, ("known", 0, True)),
        ({}, {}, NUMBER, ("known", 10001, False)),
        ({}, {}, NAME, ("known", 10001, False)),
        ({}, {}, UNKNOWN, ("unknown", None, None)),
        ({"runAsUser": 1000}, {}, ROOT, ("known", 1000, False)),
        ({"runAsUser": 1000}, {}, UNKNOWN, ("known", 1000, False)),
        ({"runAsUser": 0}, {}, NUMBER, ("known", 0, True)),
        ({"runAsUser": 0}, {"runAsUser": 1000}, NUMBER, ("known", 0, True)),
        ({"runAsUser": 1000}, {"runAsUser": 0}, ROOT, ("known", 1000, False)),
        ({}, {"runAsUser": 0}, NUMBER, ("known", 0, True)),
        ({}, {"runAsUser": 7}, UNKNOWN, ("known", 7, False)),
        ({"runAsUser": 4294967296}, {}, NUMBER, ("known", None, True)),
        ({"runAsUser": -1}, {}, NUMBER, ("known", None, True)),
        ({"runAsUser": "1000"}, {}, NUMBER, ("known", None, True)),
        ({"runAsUser": True}, {}, NUMBER, ("known", None, True)),
        ({"runAsNonRoot": True}, {}, UNKNOWN, ("assumed", None, False)),
        ({}, {"runAsNonRoot": True}, UNKNOWN, ("assumed", None, False)),
        ({"runAsNonRoot": False}, {"runAsNonRoot": True}, UNKNOWN, ("unknown", None, None)),
        ({"runAsNonRoot": True}, {}, ROOT, ("known", 0, True)),
        ({"runAsNonRoot": True}, {"runAsUser": 0}, UNKNOWN, ("known", 0, True)),
    ],
)
def test_the_user_is_the_one_the_kubelet_would_take(
    container: dict[str, Any], pod: dict[str, Any], image: UserFact, expected: tuple[str, int | None, bool | None]
) -> None:
    fact = effective_user(ref(container, pod), image, "", {})
    assert (fact.state, fact.uid, fact.root) == expected


@pytest.mark.parametrize(
    ("container", "pod", "image", "refused"),
    [
        ({"runAsNonRoot": True}, {}, NAME, True),
        ({"runAsNonRoot": True}, {"runAsUser": 1000}, NAME, False),
        ({"runAsNonRoot": True}, {}, ROOT, True),
        ({"runAsNonRoot": True, "runAsUser": 0}, {}, NUMBER, True),
        ({"runAsNonRoot": True}, {}, NUMBER, False),
        ({"runAsNonRoot": True}, {}, UNKNOWN, False),
        ({}, {"runAsNonRoot": True}, NAME, True),
        ({"runAsNonRoot": False}, {"runAsNonRoot": True}, NAME, False),
        ({}, {}, NAME, False),
    ],
)
def test_what_the_kubelet_will_refuse_is_said_early(
    container: dict[str, Any], pod: dict[str, Any], image: UserFact, refused: bool
) -> None:
    found = predicted_refusals(ref(container, pod), image, "pod.yaml", {})
    assert bool(found) is refused
    assert all("the kubelet will refuse it" in r.message for r in found)


@pytest.mark.parametrize(
    ("container", "pod", "image_value", "expected"),
    [
        ({"windowsOptions": {"runAsUserName": "ContainerAdministrator"}}, {}, None, ("known", True)),
        ({"windowsOptions": {"runAsUserName": "ContainerUser"}}, {}, None, ("known", False)),
        ({}, {"windowsOptions": {"runAsUserName": "NT AUTHORITY\\SYSTEM"}}, None, ("known", True)),
        ({}, {}, "ContainerAdministrator", ("known", True)),
        ({}, {}, "ContainerUser", ("known", False)),
        ({}, {}, None, ("unknown", None)),
        ({"runAsUser": 1000}, {}, None, ("unknown", None)),
    ],
)
def test_windows_containers_go_by_user_name(
    container: dict[str, Any], pod: dict[str, Any], image_value: str | None, expected: tuple[str, bool | None]
) -> None:
    image = UserFact(state="unknown", value=image_value, reason="windows")
    fact = effective_user(ref(container, pod, windows=True), image, "", {})
    assert (fact.state, fact.root) == expected


def test_the_security_in_force_is_the_container_s_then_the_pod_s() -> None:
    container = {"readOnlyRootFilesystem": True, "runAsGroup": 5, "capabilities": {"drop": ["ALL"]}}
    pod = {"runAsUser": 7, "runAsGroup": 6, "fsGroup": 9, "readOnlyRootFilesystem": False}
    assert effective_security(ref(container, pod, host_users=False)) == {
        "runAsUser": 7,
        "runAsGroup": 5,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "hostUsers": False,
    }


def test_the_origin_of_a_pod_level_user_points_at_the_pod_s_field() -> None:
    fact = effective_user(ref({}, {"runAsUser": 0}), NUMBER, "p.yaml", {"/spec/securityContext/runAsUser": 12})
    assert fact.origin is not None
    assert (fact.origin.pointer, fact.origin.line) == ("/spec/securityContext/runAsUser", 12)  # type: ignore[union-attr]
