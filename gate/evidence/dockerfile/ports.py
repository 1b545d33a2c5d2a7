"""EXPOSE and STOPSIGNAL: ports and signals as BuildKit reads them."""

from __future__ import annotations

import re

from gate.evidence.dockerfile.blanks import lower, printable
from gate.evidence.dockerfile.syntax import DockerfileError

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_MOST = 200_000
_SIGNALS = frozenset({
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
    "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
    "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
    *(f"RTMIN+{number}" for number in range(1, 16)), *(f"RTMAX-{number}" for number in range(1, 15)),
})  # fmt: skip


def exposed(specs: list[str]) -> list[str]:
    """``port/protocol`` of every port that EXPOSE names; `DockerfileError` (without a line) for anything else."""
    found: list[str] = []
    for spec in specs:
        found += _exposed(spec)
        if len(found) > _MOST:
            raise DockerfileError("EXPOSE names more ports than there are")
    return found


def _exposed(spec: str) -> list[str]:
    parts = spec.split(":")
    address, host, container = ":".join(parts[:-2]), parts[-2] if len(parts) > 1 else "", parts[-1]
    port, _, protocol = container.partition("/")
    if not port:
        raise DockerfileError(f"invalid port: '{printable(spec)}': no port specified")
    protocol = lower(protocol) or "tcp"
    if protocol not in ("tcp", "udp", "sctp"):
        raise DockerfileError(f"invalid port: '{printable(spec)}': the protocol is tcp, udp or sctp")
    if address:
        _check_address(address)
    first, last = _range(port, spec)
    if host:
        host_first, host_last = _range(host, spec)
        if last - first != host_last - host_first and first != last:
            raise DockerfileError(f"invalid ranges of ports: '{printable(spec)}'")
    return [f"{number}/{protocol}" for number in range(first, last + 1)]


def _range(text: str, spec: str) -> tuple[int, int]:
    start, dash, end = text.partition("-")
    first = _number(start, spec)
    last = first if not dash or start == end else _number(end, spec)
    if last < first:
        raise DockerfileError(f"invalid range of ports: '{printable(spec)}'")
    return first, last


def _number(text: str, spec: str) -> int:
    if not _INTEGER.fullmatch(text) or not 0 <= int(text[:40]) <= 65535:
        raise DockerfileError(f"invalid port: '{printable(spec)}': ports are numbers from 0 to 65535")
    return int(text)


def _check_address(address: str) -> None:
    import ipaddress

    plain = address
    if address.startswith("["):
        if not address.endswith("]"):
            raise DockerfileError(f"invalid IP address: '{printable(address)}'")
        plain = address[1:-1]
    try:
        ipaddress.ip_address(plain)
    except ValueError:
        raise DockerfileError(f"invalid IP address: '{printable(address)}'") from None
    if "%" in plain:
        raise DockerfileError(f"invalid IP address: '{printable(address)}'")


def check_signal(text: str) -> None:
    """`DockerfileError` (without a line) unless STOPSIGNAL may have this value: a number or a name of Linux."""
    if _INTEGER.fullmatch(text) and abs(int(text[:40])) < 2**63:
        if int(text) != 0:
            return
    elif text.upper().removeprefix("SIG") in _SIGNALS:
        return
    raise DockerfileError(f"invalid signal: '{printable(text)}'")
