"""Fixtures every test may use. Programs and daemons live in tests/support; a missing one skips, which fails in CI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import tools
from tests.support.oracles import BuildkitOracle, ReferenceOracle, TarOracle

pytest_plugins = ["tests.support.skips"]


@pytest.fixture(scope="session")
def opa_binary() -> Path:
    """OPA v1.22.0."""
    return tools.built("opa")


@pytest.fixture(scope="session")
def conftest_binary() -> Path:
    """conftest v0.71.1."""
    return tools.built("conftest")


@pytest.fixture(scope="session")
def helm() -> Path:
    """Helm v3.22.0."""
    return tools.built("helm")


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    """kubeconform v0.8.0."""
    return tools.built("kubeconform")


@pytest.fixture(scope="session")
def crane() -> Path:
    """crane v0.22.1 (go-containerregistry)."""
    return tools.built("crane")


@pytest.fixture(scope="session")
def buildkit_oracle() -> Iterator[BuildkitOracle]:
    """What BuildKit v0.33.1 makes of a Dockerfile."""
    with BuildkitOracle(tools.built("buildkit-oracle")) as oracle:
        yield oracle


@pytest.fixture(scope="session")
def reference_oracle() -> Iterator[ReferenceOracle]:
    """How Docker reads an image reference."""
    with ReferenceOracle(tools.built("reference-oracle")) as oracle:
        yield oracle


@pytest.fixture(scope="session")
def tar_oracle() -> Iterator[TarOracle]:
    """How container engines read a tar archive."""
    with TarOracle(tools.built("tarlist-oracle")) as oracle:
        yield oracle
