"""What an audit promises at size: every layer read once, nothing judged twice, nothing lost, the same by many processes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from gate.cli.audit_judges import Judges, JudgeThread
from gate.cli.audit_worker import Question
from gate.cli.session import Asked, Session, variables
from gate.errors import EngineUnavailableError, GateError
from gate.evidence.kubernetes.containers import container_evidence
from gate.evidence.kubernetes.workloads import containers_of, holder_of
from gate.finding import Result
from gate.sqlstore import SqlStore

from tests.behaviour.command_line import COMMAND, environment, gate
from tests.support import estate
from tests.support.postgres import Postgres
from tests.support.registry import Registry, start_registry

BASES, APPS = 6, 10
PODS = 300


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry of its own, whose log holds nobody else's requests."""
    server = start_registry(tmp_path_factory.mktemp("registry-scale"))
    yield server
    server.daemon.stop(seconds=2)


@pytest.fixture(scope="module")
def images(registry: Registry) -> estate.Images:
    """60 images on 6 bases: 18 layers of bases, and two of its own for each image."""
    return estate.push_images(registry.url, registry.host, BASES, APPS)


@pytest.fixture(scope="module")
def api(images: estate.Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of an API that lists Pods in pages."""
    served = estate.paged_api(tmp_path_factory.mktemp("paged"), PODS, images.made)
    yield served.start()
    served.stop()


@pytest.fixture
def project(tmp_path: Path, registry: Registry) -> Path:
    (tmp_path / ".home").mkdir()
    (tmp_path / "gate.yaml").write_text(
        f'version: 1\nregistries: [{{host: "{registry.host}", insecure: true}}]\nrules: {{approved-base: warn}}\n'
    )
    return tmp_path


def _blobs(registry: Registry, since: int) -> Counter[str]:
    """How often each blob was fetched since a place in the registry's log."""
    lines = registry.daemon.log.read_text(errors="replace")[since:]
    return Counter(re.findall(r'"GET /v2/\S+/blobs/(sha256:[0-9a-f]{64}) HTTP', lines))


def _mark(registry: Registry) -> int:
    return len(registry.daemon.log.read_text(errors="replace"))


def _results(report: dict[str, Any]) -> dict[str, Any]:
    """What must be equal whoever judged."""
    return {key: report[key] for key in ("results", "totals", "coverage", "owners", "rules", "controls", "complete")}


# --- layers ---------------------------------------------------------------------------------------------------


@pytest.mark.registry
def test_each_layer_is_read_once_and_by_a_second_run_not_at_all(
    project: Path, registry: Registry, images: estate.Images
) -> None:
    assert len(images.layers) == 3 * BASES + 2 * BASES * APPS
    before = _mark(registry)
    done = gate("audit", "--registry", registry.host, "-o", "json", cwd=project, seconds=120)
    assert done.code == 0, done.err
    assert done.report["totals"]["subjects"] == BASES * APPS
    fetched = _blobs(registry, before)
    assert {digest: count for digest, count in fetched.items() if digest in images.layers} == dict.fromkeys(
        images.layers, 1
    )
    before = _mark(registry)
    again = gate("audit", "--registry", registry.host, "-o", "json", cwd=project, seconds=120)
    assert not images.layers & set(_blobs(registry, before))
    assert _results(again.report) == _results(done.report)


# --- processes that judge -------------------------------------------------------------------------------------


def _questions(count: int) -> list[Question]:
    """Containers of Pods whose images nobody could read."""
    found: list[Question] = []
    for pod in estate.pods(count, [estate.Made("reg.example/a:1", "sha256:" + "1" * 64)]):
        holder = holder_of({"apiVersion": "v1", "kind": "Pod", **pod})
        assert holder is not None
        found += [(container_evidence(holder, ref, "not asked"), None) for ref in containers_of(holder)]
    return found


def _session(project: Path, **asked: Any) -> Session:
    environ = {**os.environ, "HOME": str(project / ".home")}
    return Session(Asked(**asked), variables(), cwd=project, environ=environ)


async def _judged(session: Session, questions: Sequence[Question], jobs: int) -> list[Result | str]:
    async with Judges(session, jobs) as judges:
        batches = [questions[start : start + 16] for start in range(0, len(questions), 16)]
        return [one for answers in await asyncio.gather(*map(judges.judge, batches)) for one in answers]


def _children() -> set[int]:
    """Processes that judge for this one."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # threads and processes end while they are looked at
            for pid in (task / "children").read_text().split():
                if b"audit_worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.add(int(pid))
    return found


def test_processes_judge_as_one_thread_does_and_end_with_the_run(project: Path) -> None:
    questions = _questions(60)
    with JudgeThread(_session(project)) as thread:
        alone = asyncio.run(thread.judge(questions))
    assert asyncio.run(_judged(_session(project), questions, 2)) == list(alone)
    assert all(isinstance(one, Result) for one in alone) and not _children()


def test_a_process_that_is_killed_loses_nothing(project: Path) -> None:
    questions = _questions(120)

    async def killed() -> list[Result | str]:
        work = asyncio.ensure_future(_judged(_session(project), questions, 2))
        killed: set[int] = set()
        while not work.done() and len(killed) < 3:
            for pid in _children() - killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
            await asyncio.sleep(0.05)
        assert killed
        return await work

    with JudgeThread(_session(project)) as thread:
        alone = list(asyncio.run(thread.judge(questions)))
    assert asyncio.run(killed()) == alone


def test_a_subject_that_kills_every_process_is_undecided_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start of the process stands in for what no evidence does: it ends when it meets one name."""
    from gate.cli import audit_judges

    deadly = (
        "import gate.cli.audit_worker as w; import os; real = w._judge; "
        "w._judge = lambda j, e, n: os._exit(9) if e.subject.name.endswith('app-3-7d4b9c-3:main') else real(j, e, n); "
    )
    start = audit_judges._START.replace("from gate", deadly + "from gate")
    monkeypatch.setattr(audit_judges, "_START", start)
    questions = _questions(80)
    found = asyncio.run(_judged(_session(project), questions, 2))
    failed = [
        (evidence.subject.name, one)
        for (evidence, _), one in zip(questions, found, strict=True)
        if isinstance(one, str)
    ]
    assert [name for name, _ in failed] == ["ns-3/pod/app-3-7d4b9c-3:main"]
    assert "ended without an answer" in failed[0][1]


def test_processes_that_all_die_end_the_run_with_a_reason(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gate.cli import audit_judges

    monkeypatch.setattr(audit_judges, "_START", "import sys; sys.exit(1)")
    with pytest.raises(EngineUnavailableError, match="die one after the other"):
        asyncio.run(_judged(_session(project), _questions(80), 2))


def test_a_policy_that_changes_in_between_ends_the_run(project: Path) -> None:
    session = _session(project)
    (project / "gate.yaml").write_text((project / "gate.yaml").read_text() + "undecided: warn\n")
    with pytest.raises(GateError, match="changed while the audit ran"):
        asyncio.run(_judged(session, _questions(1), 1))


@pytest.mark.registry
def test_a_paged_cluster_is_judged_alike_by_one_and_by_many(
    project: Path, api: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = ["audit", "--cluster", "--kubeconfig", api, "-o", "json"]
    one = gate(*scope, "--workers", "1", cwd=project, seconds=120)
    assert one.code == 0, one.err
    assert one.report["coverage"]["seen"] == {"pods": PODS, "deployments": PODS // 10}
    (project / "many.py").write_text(
        "import gate.cli.audit_run as run; run.LEAST = 1\nfrom gate.cli.main import run as main; main()\n"
    )
    command = [COMMAND[0], "many.py", *map(str, scope), "--workers", "2"]
    many = subprocess.run(
        command, cwd=project, env=environment(project / ".home"), capture_output=True, timeout=120, check=False
    )
    assert many.returncode == 0, many.stderr
    assert _results(json.loads(many.stdout)) == _results(one.report)


# --- killed and cancelled -------------------------------------------------------------------------------------


def _start(project: Path, *arguments: str | Path, **more: str) -> subprocess.Popen[bytes]:
    command = [*COMMAND, "audit", *map(str, arguments)]
    variables_of = environment(project / ".home", **more)
    return subprocess.Popen(command, cwd=project, env=variables_of, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _noted(url: str) -> int:
    """How many subjects are in the store."""
    import psycopg

    try:
        with psycopg.connect(url) as connection:
            row = connection.execute("SELECT count(*) FROM gate_store WHERE namespace = 'audit-subject'").fetchone()
    except psycopg.errors.UndefinedTable:
        return 0
    return row[0] if row else 0


def _stopped_midway(process: subprocess.Popen[bytes], url: str, how: signal.Signals) -> int:
    """End a process once it has noted some; how many it left."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline and not _noted(url):
        time.sleep(0.02)
    process.send_signal(how)
    process.communicate(timeout=60)
    return _noted(url)


@pytest.mark.registry
@pytest.mark.postgres
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_shard_that_is_ended_in_the_middle_is_taken_up_by_another_process(
    project: Path, registry: Registry, images: estate.Images, postgres: Postgres, how: signal.Signals
) -> None:
    url = postgres.new_database()
    whole = gate("audit", "--registry", registry.host, "--store", url, "--run", "whole", "-o", "json", cwd=project)
    assert whole.code == 0, whole.err
    fresh = postgres.new_database()
    scope = ["--registry", registry.host, "--store", fresh, "--run", "parts", "--shards", "2"]
    (project / "slow.py").write_text(
        "import gate.audit.run as run; run.Limits.__init__.__defaults__ = (2, 2, 1)\n"
        "from gate.cli.main import run as main; main()\n"
    )
    command = [COMMAND[0], "slow.py", "audit", *scope, "--shard", "0"]
    process = subprocess.Popen(
        command, cwd=project, env=environment(project / ".home"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    left = _stopped_midway(process, fresh, how)
    assert process.returncode == (-9 if how == signal.SIGKILL else 130)
    mine = _shares(whole.report, registry.host)
    assert 0 < left < mine[0], "it was ended in the middle"
    again = _start(project, *scope, JOB_COMPLETION_INDEX="0")
    assert again.wait(60) == 0, again.communicate()
    assert _noted(fresh) == mine[0]
    before = _mark(registry)
    last = _start(project, *scope, "--shard", "1", "-o", "json=merged.json")
    assert last.wait(60) == 0, last.communicate()
    assert _results(json.loads((project / "merged.json").read_text())) == _results(whole.report)
    assert set(_blobs(registry, before)) & images.layers <= {
        layer for layer, count in Counter(_blobs(registry, before)).items() if count == 1
    }


@pytest.mark.postgres
def test_shards_that_start_at_once_over_an_empty_database_make_its_tables_once(postgres: Postgres) -> None:
    url = postgres.new_database()
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: SqlStore(url), range(8)))
    stores[0].put_many("n", {"a": b"1", "b": b"2"})
    assert stores[7].get_many("n", ["b", "c", "a"]) == [b"2", None, b"1"]
    for store in stores:
        store.close()


def _shares(report: dict[str, Any], host: str) -> Counter[int]:
    """How many subjects each of two shards has."""
    import hashlib

    return Counter(
        int.from_bytes(hashlib.sha256(f"{result['reference']}".encode()).digest()[:8]) % 2
        for result in report["results"]
    )
