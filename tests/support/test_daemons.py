"""The daemons tests use do what tests need of them, on this machine."""

import json
import os
import shutil
import signal
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.support import tools
from tests.support.processes import Daemon, DaemonError


def minimal_context(directory, dockerfile):
    """A build context with a static busybox and a Dockerfile."""
    directory.mkdir(exist_ok=True)
    shutil.copy(tools.installed("busybox", package="busybox-static"), directory / "busybox")
    (directory / "Dockerfile").write_text(dockerfile)
    return directory


def test_a_daemon_that_ends_early_says_what_it_printed(tmp_path):
    daemon = Daemon("early", ["sh", "-c", "echo the reason; exit 3"], tmp_path / "log")
    with pytest.raises(DaemonError, match=r"early ended with 3\n.*the reason"):
        daemon.wait_until(lambda: False)


def test_a_daemon_that_is_never_ready_is_ended(tmp_path):
    daemon = Daemon("never", ["sleep", "600"], tmp_path / "log")
    with pytest.raises(DaemonError, match=r"never was not ready in 0\.1 s"):
        daemon.wait_until(lambda: False, seconds=0.1)
    assert not daemon.running()


def test_stopping_a_daemon_ends_its_children_too(tmp_path):
    script = "trap '' TERM; sleep 600 & echo $! >child; echo ready >mark; wait; wait"
    daemon = Daemon("parent", ["sh", "-c", f"cd {tmp_path} && {script}"], tmp_path / "log")
    daemon.wait_until((tmp_path / "mark").exists)
    child = int((tmp_path / "child").read_text())
    daemon.stop(seconds=0.2)
    assert daemon.process.returncode == -signal.SIGKILL
    gone = Daemon("wait", ["sleep", "60"], tmp_path / "log")
    gone.wait_until(lambda: not alive(child), seconds=10)
    gone.stop()


def alive(pid):
    """Whether a process runs; one that has ended and was not yet collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.registry
@pytest.mark.go
def test_the_registry_takes_and_gives_images(docker_registry, crane, tmp_path):
    push_something(crane, docker_registry, tmp_path, os.environ)
    with urllib.request.urlopen(f"{docker_registry.url}/v2/team/thing/tags/list") as response:
        assert json.load(response) == {"name": "team/thing", "tags": ["1"]}


@pytest.mark.registry
@pytest.mark.go
def test_the_secure_registry_wants_its_authority_and_a_password(docker_registry_secure, crane, tmp_path):
    registry = docker_registry_secure
    context = ssl.create_default_context(cafile=str(registry.ca))
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{registry.url}/v2/", context=context)
    with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
        urllib.request.urlopen(f"{registry.url}/v2/")
    config = registry.docker_config(tmp_path / "config")
    push_something(
        crane, registry, tmp_path, os.environ | {"DOCKER_CONFIG": str(config), "SSL_CERT_FILE": str(registry.ca)}
    )


def push_something(crane, registry, directory, environment):
    (directory / "file").write_text("content")
    subprocess.run(["tar", "-cf", directory / "layer.tar", "-C", directory, "file"], check=True)
    command = [crane, "append", "--new_layer", directory / "layer.tar", "--new_tag", f"{registry.host}/team/thing:1"]
    subprocess.run(command, check=True, env=environment, capture_output=True)


@pytest.mark.docker
@pytest.mark.root
@pytest.mark.registry
def test_the_docker_daemon_builds_runs_and_pushes(dockerd, docker_registry, tmp_path):
    context = minimal_context(
        tmp_path / "context", "FROM scratch\nCOPY busybox /bin/sh\nRUN echo made >/made\nUSER 7\n"
    )
    tag = f"{docker_registry.host}/made/by-docker:1"
    dockerd.run("build", "--network", "none", "--tag", tag, context)
    assert dockerd.run("run", "--rm", "--network", "none", tag, "sh", "-c", "read x </made; echo $x") == "made\n"
    assert dockerd.run("image", "inspect", "--format", "{{.Config.User}}", tag) == "7\n"
    dockerd.run("push", tag)
    dockerd.run("save", "--output", tmp_path / "archive.tar", tag)
    assert (tmp_path / "archive.tar").stat().st_size > 0


@pytest.mark.go
@pytest.mark.root
@pytest.mark.registry
def test_buildkit_builds_from_the_test_registry_only(buildkitd, tmp_path):
    host = buildkitd.registry.host
    base = minimal_context(tmp_path / "base", "FROM scratch\nCOPY busybox /bin/sh\nENV A=1\n")
    buildkitd.build(base, f"type=image,name={host}/library/tiny:1,push=true")
    above = minimal_context(tmp_path / "above", "FROM tiny:1\nARG V\nRUN echo $V >/made\n")
    buildkitd.build(above, f"type=local,dest={tmp_path / 'out'}", options={"build-arg:V": "x"})
    assert (tmp_path / "out" / "made").read_text() == "x\n"
    buildkitd.build(above, f"type=oci,dest={tmp_path / 'image.tar'}")
    assert (tmp_path / "image.tar").stat().st_size > 0


@pytest.mark.postgres
def test_postgres_gives_each_test_a_database(postgres):
    import psycopg

    first, second = postgres.new_database(), postgres.new_database()
    with psycopg.connect(first) as connection:
        connection.execute("CREATE TABLE t (x int)")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 't'").fetchone() == (0,)


@pytest.mark.browser
def test_chromium_shows_a_page(chromium_binary, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<p id=a></p><script>document.getElementById('a').textContent = 6 * 7</script>")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    shown = subprocess.run([chromium_binary, *flags, page.as_uri()], capture_output=True, text=True, check=True).stdout
    assert '<p id="a">42</p>' in shown


@pytest.mark.go
@pytest.mark.cluster
class TestKube:
    def test_it_is_the_pinned_version(self, kube):
        assert kube.request("GET", "/version")[1]["gitVersion"] == "v1.36.3"
        assert json.loads(kube.kubectl("version", "--output=json"))["clientVersion"]["gitVersion"] == "v1.36.3"

    def test_the_administrator_makes_pods_and_a_stranger_may_not(self, kube):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "smoke", "namespace": "default"},
            "spec": {"containers": [{"name": "c", "image": "a"}]},
        }
        assert kube.request("POST", "/api/v1/namespaces/default/pods", pod, user="nobody")[0] == 403
        assert kube.request("POST", "/api/v1/namespaces/default/pods", pod)[0] == 201
        assert kube.kubectl("get", "pods", "--output=name") == "pod/smoke\n"
        assert kube.request("DELETE", "/api/v1/namespaces/default/pods/smoke?gracePeriodSeconds=0")[0] == 200

    def test_controllers_make_pods_of_a_deployment(self, kube):
        kube.start_controllers()
        kube.kubectl("create", "namespace", "controlled")
        kube.kubectl("--namespace=controlled", "create", "deployment", "d", "--image=a")
        kube.kubectl("--namespace=controlled", "wait", "deployment/d", "--for=jsonpath={.status.replicas}=1")
        kube.kubectl("delete", "namespace", "controlled", "--wait=true")

    def test_another_user_has_a_kubeconfig_too(self, kube):
        arguments = ("auth", "whoami", "--output=jsonpath={.status.userInfo.username}")
        assert kube.kubectl(f"--kubeconfig={kube.kubeconfig_of('nobody')}", *arguments) == "nobody"
