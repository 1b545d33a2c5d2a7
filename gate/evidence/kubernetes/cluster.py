"""A Kubernetes API server: raw JSON in and out, pages of lists, bounded and without models.

Building the client library's models dominates large lists, so only its configuration, authentication and connection
pool are used here. Everything is read with a timeout and a limit of size.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import msgspec

from gate.errors import ClusterError

MAX_ANSWER = 64 * 1024 * 1024
PAGE = 500
_TIMEOUT = (5.0, 60.0)


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a list. ``inconsistent``: the server's snapshot had expired, so the list as a whole is not one
    moment's; what was deleted or created meanwhile may be missing or there twice."""

    items: list[dict[str, Any]]
    inconsistent: bool = False


class ClusterApi(Protocol):
    """What the audit and the webhook ask of a cluster; a fake of it is for faults only."""

    name: str

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
    ) -> Any:
        """One request; the decoded JSON answer. Raises `ClusterError` with the status."""
        ...

    def pages(self, path: str, *, limit: int = PAGE, query: Mapping[str, str] | None = None) -> Iterator[Page]:
        """A list, page by page, ``managedFields`` dropped."""
        ...


class Cluster:
    """A connection by kubeconfig, or from inside a pod. ``name`` is the context or the server, for people."""

    def __init__(self, api: Any, name: str) -> None:
        self._api = api
        self.name = name

    @classmethod
    def connect(cls, kubeconfig: Path | None = None, context: str | None = None) -> Cluster:
        """Connect by ``kubeconfig`` (default: KUBECONFIG's or the user's file), else as the pod's service account.

        Raises `ClusterError` where there is no configuration, or it does not load.
        """
        from kubernetes import client, config
        from yaml import YAMLError

        configuration = client.Configuration()
        try:
            if kubeconfig is None and context is None and _in_a_pod():
                config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
                name = configuration.host
            else:
                file = str(kubeconfig) if kubeconfig else None
                config.load_kube_config(config_file=file, context=context, client_configuration=configuration)  # type: ignore[no-untyped-call]
                name = context or configuration.host
        except (config.ConfigException, OSError, ValueError, TypeError, YAMLError) as error:
            raise ClusterError(
                f"cannot load the cluster's configuration: {error}",
                where=str(kubeconfig) if kubeconfig else None,
                hint="name one with --kubeconfig and --context",
            ) from error
        configuration.retries = 2
        return cls(client.ApiClient(configuration), name)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
    ) -> Any:
        """One request; the decoded JSON answer, null where it has none. Raises `ClusterError`."""
        from urllib3.exceptions import HTTPError

        headers: dict[str, str] = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
        try:
            self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, None)
            url = self._api.configuration.host + path + (f"?{urlencode(query)}" if query else "")
            response = self._api.rest_client.pool_manager.request(
                method,
                url,
                body=msgspec.json.encode(body) if body is not None else None,
                headers=headers,
                timeout=_timeout(),
                preload_content=False,
            )
            try:
                data = _read(response, path)
            finally:
                response.release_conn()
        except (HTTPError, OSError) as error:
            raise ClusterError(f"{method} {path}: no answer: {_why(error)}", where=self.name) from error
        return self._answer(method, path, response.status, data)

    def pages(self, path: str, *, limit: int = PAGE, query: Mapping[str, str] | None = None) -> Iterator[Page]:
        """A list, page by page. After ``410 Expired`` it goes on with the inconsistent token the server offers."""
        token, inconsistent = "", False
        while True:
            asked = {"limit": str(limit), **(query or {}), **({"continue": token} if token else {})}
            try:
                answer = self.request("GET", path, query=asked)
            except ClusterError as error:
                fresh = _fresh_token(error)
                if error.status != 410 or not token or fresh is None or fresh == token:
                    raise
                token, inconsistent = fresh, True
                continue
            if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
                raise ClusterError(f"GET {path}: the answer is not a list", where=self.name)
            yield Page([_without_managed_fields(item) for item in answer["items"]], inconsistent)
            token = (answer.get("metadata") or {}).get("continue") or ""
            if not token:
                return

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def _answer(self, method: str, path: str, status: int, data: bytes) -> Any:
        try:
            answer = msgspec.json.decode(data) if data else None
        except (msgspec.DecodeError, RecursionError) as error:
            raise ClusterError(f"{method} {path}: the answer is not JSON", status=status, where=self.name) from error
        if 200 <= status < 300:
            return answer
        message = answer.get("message") if isinstance(answer, dict) else None
        found = ClusterError(
            f"{method} {path}: {status} {str(message or '')[:500]}".rstrip(),
            status=status,
            where=self.name,
            hint="the account may not do that; see the chart's RBAC" if status in {401, 403} else None,
        )
        found.__cause__ = _StatusError(answer)
        raise found


class _StatusError(Exception):
    """The Status object behind a refusal, kept as the error's cause."""

    def __init__(self, body: object) -> None:
        super().__init__("status")
        self.body = body


def _fresh_token(error: ClusterError) -> str | None:
    """The token with which an expired list may go on: ``metadata.continue`` of the 410 Status."""
    body = error.__cause__.body if isinstance(error.__cause__, _StatusError) else None
    meta = body.get("metadata") if isinstance(body, dict) else None
    token = meta.get("continue") if isinstance(meta, dict) else None
    return token if isinstance(token, str) and token else None


def _without_managed_fields(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        return {}
    meta = item.get("metadata")
    if isinstance(meta, dict):
        meta.pop("managedFields", None)
    return item


def _read(response: Any, path: str) -> bytes:
    chunks, size = [], 0
    for chunk in response.stream(1 << 20):
        size += len(chunk)
        if size > MAX_ANSWER:
            raise ClusterError(f"GET {path}: the answer has more than {MAX_ANSWER:,} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _timeout() -> Any:
    from urllib3 import Timeout

    return Timeout(connect=_TIMEOUT[0], read=_TIMEOUT[1])


def _why(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error)[:300]


def _in_a_pod() -> bool:
    return Path("/var/run/secrets/kubernetes.io/serviceaccount/token").exists()


def path_of(api_version: str, plural: str, namespace: str | None = None, name: str | None = None) -> str:
    """The REST path of a resource; every part quoted."""
    root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
    where = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"{root}{where}/{plural}" + (f"/{quote(name, safe='')}" if name else "")
