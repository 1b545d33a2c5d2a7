"""Which network addresses a registry may send us to.

A realm or a redirect is the registry's text: without a guard it could point a client inside a network at that network.
The addresses of the registry itself are the user's choice; another host must be public, or of the same kind as the
registry's own (a registry in a private network may redirect inside it). Link-local addresses, where clouds keep their
credentials, only ever count when they are the registry's own. Names are checked by what they resolve to, on the very
addresses that are then connected to, so that a name cannot change between check and use.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Literal

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from gate.errors import RegistryError

__all__ = ["Guard", "GuardedResolver", "Kind", "kind_of", "literal"]

Kind = Literal["public", "private", "loopback", "link-local", "other"]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SHARED = ipaddress.ip_network("100.64.0.0/10")  # carrier NAT; some clouds keep services there
_UNIQUE_LOCAL = ipaddress.ip_network("fc00::/7")


def kind_of(address: str) -> Kind:
    """What kind of place an IP address is, IPv4 inside IPv6 unwrapped."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return kind_of(str(inner))
    if ip.is_loopback:
        return "loopback"
    if ip.is_link_local:
        return "link-local"
    if ip.is_multicast or ip.is_unspecified:
        return "other"
    if ip in _SHARED or ip in _UNIQUE_LOCAL or ip.is_private:
        return "private"
    return "public" if ip.is_global else "other"


def literal(host: str) -> str | None:
    """The address, if a URL's host is one."""
    try:
        return str(ipaddress.ip_address(host.strip("[]").partition("%")[0]))
    except ValueError:
        return None


class Guard:
    """What other hosts may resolve to, given where the registry is. Nothing but public addresses until `learn`."""

    def __init__(self) -> None:
        self._own: set[str] = set()
        self._kinds: set[Kind] = {"public"}

    def learn(self, addresses: Iterable[str]) -> None:
        """Note addresses the registry's own name resolved to."""
        for address in addresses:
            self._own.add(address)
            kind = kind_of(address)
            if kind in ("private", "loopback"):
                self._kinds.add(kind)

    def allows(self, address: str) -> bool:
        """Whether another host may be at ``address``."""
        return address in self._own or kind_of(address) in self._kinds

    def check(self, host: str) -> None:
        """Refuse a host that is a forbidden address as written; names are checked when they are resolved."""
        address = literal(host)
        if address is not None and not self.allows(address):
            raise refusal(host, address)


def refusal(host: str, address: str) -> RegistryError:
    """The error for a host at an address it must not have."""
    return RegistryError(f"refused to go to {host}: {address} is a {kind_of(address)} address", reason="refused")


class GuardedResolver(AbstractResolver):
    """Resolves names for one registry's connections; ``own``: the registry's host, whose addresses are learned."""

    def __init__(self, guard: Guard, own: str | None, inner: AbstractResolver | None = None) -> None:
        self._guard = guard
        self._own = own
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of ``host`` that may be connected to; `RegistryError` (refused) when none may be."""
        found = await self._inner.resolve(host, port, family)
        if self._own is None:
            allowed = [each for each in found if self._guard.allows(each["host"])]
            if found and not allowed:
                raise refusal(host, found[0]["host"])
            return allowed
        if host == self._own:
            self._guard.learn(each["host"] for each in found)
        return found

    async def close(self) -> None:
        """Close the resolver that does the work."""
        await self._inner.close()
