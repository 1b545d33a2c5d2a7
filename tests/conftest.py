"""Fixtures every test may use. Programs and daemons live in tests/support; a missing one skips, which fails in CI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import processes, tools
from tests.support.buildkitd import Buildkitd, start_buildkitd
from tests.support.dockerd import Dockerd, start_dockerd
from tests.support.kube import Kube, start_kube
from tests.support.oracles import BuildkitOracle, ReferenceOracle, TarOracle
from tests.support.postgres import Postgres, start_postgres
from tests.support.registry import Registry, start_registry

pytest_plugins = ["tests.support.skips", "tests.support.logs", "tests.support.golden"]


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


@pytest.fixture(scope="session")
def chromium_binary() -> Path:
    """Chromium; run it with --headless --no-sandbox."""
    return tools.installed("chromium", "chromium-browser", "google-chrome", package="chromium")


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """A function that finds a free TCP port of the loopback interface."""
    return processes.free_port


@pytest.fixture(scope="session")
def docker_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry over plain HTTP that anybody may write to."""
    registry = start_registry(tmp_path_factory.mktemp("registry"))
    yield registry
    registry.daemon.stop(seconds=2)


@pytest.fixture(scope="session")
def docker_registry_secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry over TLS (``.ca``) that asks for a password (``.users``)."""
    registry = start_registry(tmp_path_factory.mktemp("registry-secure"), tls=True, users={"gate": "s3cret:/x"})
    yield registry
    registry.daemon.stop(seconds=2)


@pytest.fixture(scope="session")
def dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dockerd]:
    """A Docker daemon without networks."""
    daemon = start_dockerd(tmp_path_factory.mktemp("dockerd"))
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def buildkitd(tmp_path_factory: pytest.TempPathFactory, docker_registry: Registry) -> Iterator[Buildkitd]:
    """A BuildKit daemon for which ``docker_registry`` stands in for every public registry."""
    daemon = start_buildkitd(tmp_path_factory.mktemp("buildkitd"), docker_registry)
    yield daemon
    daemon.stop()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server; ``postgres.new_database()`` gives each test its own."""
    server = start_postgres(tmp_path_factory.mktemp("postgres") / "postgres.log")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """A real API server and its etcd; ``kube.start_controllers()`` adds the controllers."""
    cluster = start_kube(tmp_path_factory.mktemp("kube"))
    yield cluster
    cluster.stop()
