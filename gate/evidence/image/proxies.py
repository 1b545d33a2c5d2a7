"""HTTP proxies as HTTP_PROXY, HTTPS_PROXY and NO_PROXY name them, read as Go programs read them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from gate.errors import SettingsError

__all__ = ["Proxies", "from_environment"]


class Proxies(msgspec.Struct, frozen=True, kw_only=True):
    """URLs of the proxies for http and https, and the hosts that are reached without."""

    http: str | None = None
    https: str | None = None
    none_for: tuple[str, ...] = ()

    def choose(self, scheme: str, host: str, port: int) -> str | None:
        """The proxy for a URL, or null. Loopback is never proxied."""
        proxy = self.https if scheme == "https" else self.http
        if proxy is None or _is_loopback(host) or any(_matches(rule, host, port) for rule in self.none_for):
            return None
        return proxy


def from_environment(environ: Mapping[str, str]) -> Proxies:
    """The proxies of an environment; `SettingsError` for one that is no http or https URL. Lower case names win."""

    def read(name: str) -> str:
        return (environ.get(name.lower()) or environ.get(name) or "").strip()

    # HTTP_PROXY in upper case can be set by a request's "Proxy:" header where gate runs under CGI.
    http = environ.get("http_proxy") or ("" if "REQUEST_METHOD" in environ else environ.get("HTTP_PROXY", ""))
    none_for = tuple(each.strip().lower() for each in read("NO_PROXY").split(",") if each.strip())
    return Proxies(
        http=_url("HTTP_PROXY", http.strip()), https=_url("HTTPS_PROXY", read("HTTPS_PROXY")), none_for=none_for
    )


def _url(name: str, text: str) -> str | None:
    if not text:
        return None
    url = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError("is not the URL of an http or https proxy", where=name)
    return url


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _matches(rule: str, host: str, port: int) -> bool:
    """Whether one entry of NO_PROXY covers a host: ``*``, an address, a network, a domain with or without a port."""
    host = host.strip("[]").lower().rstrip(".")
    if rule == "*":
        return True
    try:
        network = ipaddress.ip_network(rule.strip("[]"), strict=False)
    except ValueError:
        network = None
    if network is not None:
        try:
            return ipaddress.ip_address(host) in network
        except ValueError:
            return False
    name, colon, wanted = rule.rpartition(":")
    if colon and wanted.isdigit():
        if int(wanted) != port:
            return False
        rule = name
    rule = rule.removeprefix("*").strip("[]")
    if rule.startswith("."):
        return host.endswith(rule)
    return host == rule or host.endswith("." + rule)
