"""``gate serve``: the admission webhook, and the small jobs its chart needs."""

from __future__ import annotations

import asyncio
import datetime
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gate import __version__
from gate.errors import GateError, UsageError

if TYPE_CHECKING:
    from gate.evidence.kubernetes.cluster import Cluster
    from gate.webhook.runtime import Address, Parts
    from gate.webhook.tracing import Tracing


@click.command(
    "serve",
    epilog="""\b
Examples:
  gate serve --tls-cert tls.crt --tls-key tls.key            on 127.0.0.1:8443
  gate serve --tls-managed gate-tls --service gate           in a cluster, with a certificate of its own
  gate serve --engine opa --opa-url http://127.0.0.1:8181 --bundle-listen 127.0.0.1:8182
                                                             OPA beside gate takes its policy from gate
  gate serve --rollout audit                                 allow everything, record what would be refused

\b
Endpoints: POST /validate, /validate/ENVIRONMENT and /guard (environments by guarded labels of namespaces),
GET /healthz /readyz; GET /metrics on its own port.
charts/gate installs all of it; RUNBOOK.md there says what to do when nothing can be scheduled.
""",
)
@click.option(
    "--listen", default="127.0.0.1:8443", show_default=True, metavar="HOST:PORT", help="Where reviews arrive."
)
@click.option(
    "--metrics-listen", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Metrics, probes."
)
@click.option("--tls-cert", metavar="FILE", help="PEM certificate; changes are picked up.")
@click.option("--tls-key", metavar="FILE", help="Its key.")
@click.option("--tls-managed", metavar="SECRET", help="Keep a certificate in this Secret of the own namespace instead.")
@click.option(
    "--tls-name", "tls_names", multiple=True, metavar="NAME", help="... and a further name of that certificate."
)
@click.option("--service", metavar="NAME", help="The Service the API server calls; with --tls-managed.")
@click.option("--client-ca", metavar="FILE", help="Ask callers for a certificate of this authority.")
@click.option("--client-name", "client_names", multiple=True, metavar="NAME", help="... and for one of these names.")
@click.option("--config", metavar="FILE", help="gate.yaml; else the nearest upwards. [GATE_CONFIG]")
@click.option("--policy", "policies", multiple=True, metavar="DIR", help="Custom rules; with --engine opa only.")
@click.option(
    "--engine", type=click.Choice(["regorus", "opa"]), default="regorus", show_default=True, help="Who evaluates."
)
@click.option("--opa-url", metavar="URL", help="The OPA to ask. [GATE_OPA_URL]")
@click.option("--bundle-listen", metavar="HOST:PORT", help="Serve the policy to OPA here, by its bundle protocol.")
@click.option("--rollout", type=click.Choice(["audit", "warn", "enforce"]), default="enforce", show_default=True)
@click.option("--templates", type=click.Choice(["audit", "warn", "enforce"]), default="warn", show_default=True)
@click.option("--concurrency", type=click.IntRange(1, 10_000), default=64, show_default=True, metavar="N")
@click.option("--budget", type=click.FloatRange(0.1, 29), default=4.5, show_default=True, metavar="SECONDS")
@click.option("--drain", type=click.FloatRange(0, 600), default=10.0, show_default=True, metavar="SECONDS")
@click.option(
    "--poll",
    type=click.FloatRange(0.1, 300),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How often settings, policies and certificates are looked at.",
)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, metavar="N", help="Layer readers.")
@click.option(
    "--store", default="memory", show_default=True, metavar="memory|imagefacts|URL", help="Where facts outlive us."
)
@click.option("--docker-config", metavar="DIR", help="Folder of the config.json gate reads images with.")
@click.option(
    "--credential-provider-config",
    "provider_config",
    metavar="FILE",
    help="The kubelet's CredentialProviderConfig: plugins that give credentials.",
)
@click.option("--credential-provider-dir", "provider_dir", metavar="DIR", help="Where those plugins are.")
@click.option(
    "--pull-secrets", default="", metavar="NS,...", help="Namespaces whose pods' pull secrets may be read; * all."
)
@click.option("--outage", type=click.Choice(["last-known", "refuse"]), default="last-known", show_default=True)
@click.option("--webhook-name", metavar="NAME", help="The ValidatingWebhookConfiguration, for its caBundle.")
@click.option("--self-test", metavar="NAMESPACE", help="Every minute, see that a known-bad Pod is refused there.")
@click.option(
    "--guarded-label", metavar="KEY", help="The label of namespaces whose changes the webhook configuration asks about."
)
@click.option("--kubeconfig", metavar="FILE", help="Outside a cluster: how to reach one.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
@click.option("--remove-webhook", metavar="NAME", help="Delete this ValidatingWebhookConfiguration and exit.")
@click.option("--probe", metavar="URL", help="Exit 0 if this URL answers 200, and 1 otherwise.")
def command(**values: Any) -> int:
    """Judge workloads as Kubernetes admits them.

    Reviews are answered by the same policy that gate check uses. What cannot be decided is refused, with the reason.
    """
    if values["probe"]:
        return _probe(values["probe"])
    if values["remove_webhook"]:
        return _remove(values["remove_webhook"], values["kubeconfig"])
    _require_cluster_extra()
    from gate.webhook import logs
    from gate.webhook.otlp import secrets_in

    logs.configure(sys.stderr, values["log_level"], secrets_in(os.environ))
    with tempfile.TemporaryDirectory(prefix="gate-serve-") as folder:
        asyncio.run(_serve(values, Path(folder)))
    return 0


async def _serve(values: dict[str, Any], folder: Path) -> None:
    from gate.webhook.runtime import Webhook

    webhook = Webhook(await asyncio.to_thread(_parts, values, folder))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, webhook.stop)
    await webhook.run()


def _parts(values: dict[str, Any], folder: Path) -> Parts:
    from gate.webhook.metrics import Metrics
    from gate.webhook.opa_bundle import BundleServer
    from gate.webhook.otlp import from_environment
    from gate.webhook.policy import PolicyInForce, PolicySources
    from gate.webhook.recorder import Recorder
    from gate.webhook.runtime import Parts, files_in
    from gate.webhook.server import ServerLimits
    from gate.webhook.tls import TlsFiles

    namespace = os.environ.get("POD_NAMESPACE", "default")
    cluster = _cluster(values)
    metrics = Metrics()
    bundles = BundleServer() if values["bundle_listen"] else None
    tracing = from_environment(os.environ, __version__)
    policy = PolicyInForce(_sources(values, PolicySources), metrics, _today, bundles, tracing)
    client_ca = Path(values["client_ca"]) if values["client_ca"] else None
    managed = _managed(values, cluster, namespace, folder)
    if managed is not None:
        tls = files_in(folder, client_ca, values["client_names"])
    elif values["tls_cert"] and values["tls_key"]:
        tls = TlsFiles(Path(values["tls_cert"]), Path(values["tls_key"]), client_ca, values["client_names"])
    else:
        raise UsageError("no certificate", hint="Give --tls-cert and --tls-key, or --tls-managed in a cluster.")
    store, facts = _store(values, cluster)
    name = f"{values['service'] or 'gate'}-would-refuse"
    recorder = Recorder(cluster, namespace, name) if cluster is not None and values["rollout"] != "enforce" else None
    return Parts(
        listen=_address(values["listen"]),
        metrics_listen=_address(values["metrics_listen"]),
        tls=tls,
        policy=policy,
        metrics=metrics,
        evidence=_evidence(values, store, metrics, cluster, tracing),
        now=lambda: datetime.datetime.now(datetime.UTC),
        limits=ServerLimits(concurrency=values["concurrency"], budget=values["budget"], drain=values["drain"]),
        bundle_listen=_address(values["bundle_listen"]) if values["bundle_listen"] else None,
        bundles=bundles,
        cluster=cluster,
        managed=managed,
        recorder=recorder,
        facts=facts,
        self_test=values["self_test"],
        namespace=namespace,
        pod=os.environ.get("POD_NAME", ""),
        poll=values["poll"],
        started=_say_where,
        tracing=tracing,
    )


def _sources(values: dict[str, Any], make: Any) -> Any:
    config = values["config"] or os.environ.get("GATE_CONFIG")
    opa_url = values["opa_url"] or os.environ.get("GATE_OPA_URL")
    if values["engine"] == "opa" and not opa_url:
        raise UsageError("--engine opa needs --opa-url", hint="OPA runs beside gate; see charts/gate.")
    return make(
        config=Path(config) if config else None,
        folder=Path.cwd(),
        policies=tuple(Path(folder) for folder in values["policies"]),
        opa_url=opa_url if values["engine"] == "opa" else None,
        rollout=values["rollout"],
        templates=values["templates"],
        self_test=values["self_test"],
        guarded_label=values["guarded_label"],
    )


def _cluster(values: dict[str, Any]) -> Cluster | None:
    """The cluster, where anything asked for needs one."""
    from gate.evidence.kubernetes.cluster import Cluster

    needs = ("tls_managed", "pull_secrets", "self_test", "kubeconfig")
    in_a_pod = bool(os.environ.get("KUBERNETES_SERVICE_HOST"))
    records = values["rollout"] != "enforce" and in_a_pod
    if not any(values[name] for name in needs) and values["store"] != "imagefacts" and not records:
        return None
    return Cluster.connect(Path(values["kubeconfig"]) if values["kubeconfig"] else None)


def _managed(values: dict[str, Any], cluster: Cluster | None, namespace: str, folder: Path) -> Any:
    from gate.webhook.certificates import ManagedCertificates, ManagedNames

    if not values["tls_managed"] or cluster is None:
        return None
    if not values["service"] or not values["webhook_name"]:
        raise UsageError("--tls-managed needs --service and --webhook-name")
    host = f"{values['service']}.{namespace}.svc"
    dns = (host, f"{host}.cluster.local", *values["tls_names"])
    names = ManagedNames(namespace, values["tls_managed"], values["webhook_name"], dns)
    return ManagedCertificates(cluster, names, folder)


def _store(values: dict[str, Any], cluster: Cluster | None) -> tuple[Any, Any]:
    from gate.webhook.imagefacts import ImageFactsStore

    if values["store"] == "memory":
        return None, None
    if values["store"] == "imagefacts":
        if cluster is None:
            raise UsageError("--store imagefacts needs a cluster")
        facts = ImageFactsStore(cluster, _today)
        return facts, facts
    from gate.webhook.sqlfacts import SqlFacts

    return SqlFacts(values["store"]), None


def _evidence(values: dict[str, Any], store: Any, metrics: Any, cluster: Cluster | None, tracing: Tracing) -> Any:
    from gate.webhook.assemble import ReaderOptions, make_provider

    options = ReaderOptions(
        workers=values["workers"],
        docker_config=Path(values["docker_config"]) if values["docker_config"] else None,
        secret_namespaces=tuple(name for name in values["pull_secrets"].split(",") if name),
        outage=values["outage"],
        environ=dict(os.environ),
        home=Path.home(),
        provider_config=Path(values["provider_config"]) if values["provider_config"] else None,
        provider_dir=Path(values["provider_dir"]) if values["provider_dir"] else None,
        cache=Path(os.environ["GATE_CACHE_DIR"]) if os.environ.get("GATE_CACHE_DIR") else None,
    )

    async def make(policy: Any, stack: Any) -> Any:
        return await make_provider(policy, options, store, metrics, cluster, stack, tracing)

    return make


def _address(text: str) -> Address:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or not 0 <= int(port) <= 65_535:
        raise UsageError(f'"{text}" is no address', hint="Write it as 127.0.0.1:8443.")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - an empty host is how people ask for all


def _today() -> datetime.date:
    return datetime.datetime.now(datetime.UTC).date()


def _say_where(addresses: Sequence[Address]) -> None:
    """One line for people and for tests that let the system choose the ports."""
    (host, port), (metrics_host, metrics_port) = addresses
    print(f"gate serves reviews on {host}:{port}, metrics on {metrics_host}:{metrics_port}", flush=True)


def _require_cluster_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("prometheus_client", "cryptography") if find_spec(name) is None]
    if missing:
        hint = "Install it with `pip install 'gate-images[embedded,cluster]'`."
        raise UsageError("gate serve needs the cluster extra", hint=hint)


def _remove(name: str, kubeconfig: str | None) -> int:
    from gate.errors import ClusterError
    from gate.evidence.kubernetes.cluster import Cluster, path_of

    path = path_of("admissionregistration.k8s.io/v1", "validatingwebhookconfigurations", name=name)
    try:
        Cluster.connect(Path(kubeconfig) if kubeconfig else None).request("DELETE", path)
    except ClusterError as error:
        if error.status != 404:
            raise
        print(f"there is no webhook configuration {name}")
        return 0
    print(f"removed the webhook configuration {name}")
    return 0


def _probe(url: str) -> int:
    import urllib.error
    import urllib.request

    if not url.startswith(("http://", "https://")):
        raise UsageError(f'"{url}" is no http URL')
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the scheme is checked above
            print(answer.read(2_000).decode("utf-8", "replace").strip())
            return 0
    except urllib.error.HTTPError as error:
        print(error.read(2_000).decode("utf-8", "replace").strip())
    except (OSError, ValueError) as error:
        raise GateError(f"no answer: {error}", where=url) from error
    return 1
