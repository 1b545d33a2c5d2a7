"""The webhook through TLS on loopback, one gate process: reviews a second, latency, memory, and a real API server."""

from __future__ import annotations

import asyncio
import json
import os
import random
import ssl
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.support.kube import start_kube
from tests.support.oci_images import Pusher, make_image
from tests.support.registry import Registry, start_registry
from tests.support.serving import GateServer, pod, review, settings_for, start_gate
from tests.support.webhooks import configuration, create, installed, namespace

HELM = Path(__file__).resolve().parents[1] / "tests" / "tools" / "bin" / "helm"
IMAGES = 20
DIGESTS = int(os.environ.get("BENCH_DIGESTS", "1000"))
REVIEWS = int(os.environ.get("BENCH_REVIEWS", "20000"))
TICK = os.sysconf("SC_CLK_TCK")


def measure() -> dict[str, Any]:
    """Every figure of the webhook's speed."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        registry = start_registry(folder / "registry")
        stack.callback(registry.daemon.stop, 2)
        references = _push(registry)
        result: dict[str, Any] = {"what": "one gate process, TLS on loopback; client and peers on the same cores"}
        for engine in ("regorus", "opa"):
            server = start_gate(folder / engine, settings_for(registry.host), opa=engine == "opa")
            try:
                result[engine] = asyncio.run(_engine(server, references))
                if engine == "regorus":
                    result["first_seen_20_mb"] = _first_seen(server, registry)
                    result["memory"] = asyncio.run(_memory(server, registry))
            finally:
                server.stop()
        ratio = result["opa"]["reviews_a_core_second"] / result["regorus"]["reviews_a_core_second"]
        result["opa_share_of_embedded"] = round(ratio, 2)
        result["api_server"] = _api_server(folder, registry, references)
        return result


def _push(registry: Registry) -> list[str]:
    pusher = Pusher(registry.url)
    for number in range(IMAGES):
        image = make_image(
            {"app": b"program"}, config={"User": "10001", "Entrypoint": ["/app"], "Labels": {"n": str(number)}}
        )
        pusher.image(f"bench/app{number}", "1", image)
    return [f"{registry.host}/bench/app{number}:1" for number in range(IMAGES)]


def _body(image: str, number: int) -> bytes:
    """A review of one Pod of a ReplicaSet, as an API server sends it, with a name of its own."""
    owner = image.rpartition("/")[2].partition(":")[0]
    meta = {
        "name": f"{owner}-7d9c5b8f4-{number:06d}",
        "generateName": f"{owner}-7d9c5b8f4-",
        "namespace": "shop",
        "labels": {"app": owner, "pod-template-hash": "7d9c5b8f4"},
        "managedFields": [{"manager": "kube-controller-manager", "fieldsV1": {f"f:{n}": {} for n in range(60)}}],
    }
    return review(pod(image, metadata=meta), uid=f"uid-{number}")


class _Client:
    """One connection that is kept, as an API server keeps it."""

    def __init__(self, server: GateServer) -> None:
        self._port = int(server.url.rpartition(":")[2])
        self._context: ssl.SSLContext = server.context

    async def open(self) -> _Client:
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._context, server_hostname="localhost"
        )
        return self

    async def ask(self, body: bytes) -> tuple[int, bytes]:
        head = (
            f"POST /validate?timeout=5s HTTP/1.1\r\nHost: gate\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        return int(answer.split()[1]), await self._reader.readexactly(length)

    async def close(self) -> None:
        self._writer.close()


async def _engine(server: GateServer, references: list[str]) -> dict[str, Any]:
    bodies = [_body(references[number % IMAGES], number) for number in range(2_000)]
    clients = [await _Client(server).open() for _ in range(16)]
    for reference in references:  # facts of every image are known from here on
        status, answer = await clients[0].ask(_body(reference, 0))
        assert status == 200 and b'"allowed":true' in answer, answer
    seconds, processor, count = await _as_fast_as_it_goes(server, clients, bodies, 6_000)
    late = await _at_rate(clients, bodies, 300, 10.0)
    for client in clients:
        await client.close()
    return {
        "reviews_a_second": round(count / seconds),
        "reviews_a_core_second": round(count / processor),
        "at_300_a_second_ms": {
            "p50": round(statistics.quantiles(late, n=100)[49], 2),
            "p99": round(statistics.quantiles(late, n=100)[98], 2),
        },
    }


async def _as_fast_as_it_goes(
    server: GateServer, clients: list[_Client], bodies: list[bytes], count: int
) -> tuple[float, float, int]:
    """Wall seconds, processor seconds of gate and of the OPA beside it, and reviews."""
    pids = [server.daemon.pid, *(daemon.pid for daemon in server.started)]
    before, start = sum(map(_processor, pids)), time.perf_counter()
    turn = iter(range(count))

    async def work(client: _Client) -> None:
        for number in turn:
            status, answer = await client.ask(bodies[number % len(bodies)])
            assert status == 200 and b'"allowed":true' in answer, answer

    await asyncio.gather(*map(work, clients))
    return time.perf_counter() - start, sum(map(_processor, pids)) - before, count


async def _at_rate(clients: list[_Client], bodies: list[bytes], rate: float, seconds: float) -> list[float]:
    """Milliseconds of each review, from when it was due."""
    free: asyncio.Queue[_Client] = asyncio.Queue()
    for client in clients:
        free.put_nowait(client)
    found: list[float] = []

    async def one(number: int, due: float) -> None:
        client = await free.get()
        await client.ask(bodies[number % len(bodies)])
        found.append((time.perf_counter() - due) * 1000)
        free.put_nowait(client)

    tasks, start = [], time.perf_counter()
    for number in range(int(rate * seconds)):
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.ensure_future(one(number, due)))
    await asyncio.gather(*tasks)
    return found


def _first_seen(server: GateServer, registry: Registry) -> dict[str, Any]:
    """An image of 20 MB in four layers and 2,000 files, never seen before, within the webhook's five seconds."""
    chance = random.Random(5)
    layers: list[dict[str, bytes | str]] = [
        {f"srv/{layer}/{number}": chance.randbytes(10_000) for number in range(500)} for layer in range(4)
    ]
    image = make_image({"app": b"program"}, *layers, config={"User": "10001", "Entrypoint": ["/app"]})
    Pusher(registry.url).image("bench/large", "1", image)
    start = time.perf_counter()
    answer = server.review(pod(f"{registry.host}/bench/large:1"), query="?timeout=5s")
    seconds = time.perf_counter() - start
    return {
        "seconds": round(seconds, 2),
        "decided": answer["allowed"] or "being analysed" not in answer["status"]["message"],
        "megabytes": round(sum(map(len, image.layers)) / 1e6, 1),
        "limit_seconds": 5,
    }


async def _memory(server: GateServer, registry: Registry) -> dict[str, Any]:
    """Resident memory over many reviews of many images, at each tenth."""
    pusher = Pusher(registry.url)
    for number in range(DIGESTS):
        image = make_image({"app": b"program"}, config={"User": "10001", "Labels": {"digest": str(number)}})
        pusher.image("bench/many", str(number), image)
    clients = [await _Client(server).open() for _ in range(8)]
    turn, memory = iter(range(REVIEWS)), []

    async def work(client: _Client) -> None:
        for number in turn:
            if number % (REVIEWS // 10) == 0:
                memory.append(_resident(server.daemon.pid))
            await client.ask(_body(f"{registry.host}/bench/many:{number % DIGESTS}", number))

    await asyncio.gather(*map(work, clients))
    memory.append(_resident(server.daemon.pid))
    return {
        "reviews": REVIEWS,
        "digests": DIGESTS,
        "megabytes_at_each_tenth": memory,
        "growth_after_the_first_tenth": round(memory[-1] / memory[1], 3),
    }


def _api_server(folder: Path, registry: Registry, references: list[str]) -> dict[str, Any]:
    """200 Pods, 50 at a time, through a real API server; the yardstick lost 65 to 165 of 200 in that case."""
    kube = start_kube(folder / "kube")
    server = start_gate(folder / "gate", settings_for(registry.host))
    try:
        where = namespace(kube, "shop")
        config = configuration(HELM, server, "gate-bench", [where], "--set=rollout=enforce")
        with installed(kube, config, where):
            times: list[float] = []

            def one(number: int) -> bool:
                start = time.perf_counter()
                said = create(kube, where, pod(references[number % IMAGES], f"p{number}"))
                times.append(time.perf_counter() - start)
                return said.allowed

            start = time.perf_counter()
            with ThreadPoolExecutor(50) as pool:
                admitted = sum(pool.map(one, range(200)))
            return {
                "pods": 200,
                "parallel": 50,
                "admitted": admitted,
                "seconds": round(time.perf_counter() - start, 2),
                "slowest_ms": round(max(times) * 1000),
            }
    finally:
        server.stop()
        kube.stop()


def _processor(pid: int) -> float:
    """Seconds of processor that a process has used, its ended children included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[position]) for position in (11, 12, 13, 14)) / TICK


def _resident(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
