"""Options that several commands share, and what they become."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from gate.cli.session import Asked
from gate.errors import UsageError

_F = TypeVar("_F", bound=Callable[..., Any])

_POLICY = (
    click.option("--config", metavar="FILE", help="gate.yaml; else the nearest upwards. [GATE_CONFIG]"),
    click.option("--env", metavar="NAME", help="Environment whose levels hold; beats gate.yaml. [GATE_ENV]"),
    click.option("--policy", "policies", metavar="DIR", multiple=True, help="A folder of custom rules; repeatable."),
)
_ENGINE = (
    click.option(
        "--engine",
        type=click.Choice(["auto", "regorus", "opa"]),
        default="auto",
        help="What evaluates the rules; auto: in process if installed, else opa on PATH.",
    ),
    click.option("--opa-url", metavar="URL", help="An OPA server that holds the policy. [GATE_OPA_URL]"),
    click.option("--opa-token-file", metavar="FILE", help="Its bearer token. [GATE_OPA_TOKEN: the token itself]"),
    click.option("--opa-ca", metavar="FILE", help="PEM file of the authority it is trusted by."),
    click.option("--opa-cert", metavar="FILE", help="PEM file of the certificate to show it."),
    click.option("--opa-key", metavar="FILE", help="PEM file of that certificate's key."),
)
_BUILD = (
    click.option("--target", metavar="STAGE", help="The stage to judge, as in docker build; else the last."),
    click.option(
        "--build-arg",
        "build_args",
        metavar="NAME=VALUE",
        multiple=True,
        help="A build argument, as in docker build; repeatable.",
    ),
    click.option(
        "--build-context",
        "build_contexts",
        metavar="NAME=VALUE",
        multiple=True,
        help="What stands in for a stage or image, as in docker build: a folder or docker-image://REF; repeatable.",
    ),
    click.option("--platform", metavar="OS/ARCH", help="Platform to judge for; Dockerfiles: linux/amd64."),
    click.option(
        "--online",
        is_flag=True,
        help="Ask registries about bases of Dockerfiles and images of manifests; else files are judged offline.",
    ),
    click.option("--offline", is_flag=True, help="Ask nobody. [GATE_OFFLINE]"),
)
_TODAY = (click.option("--today", metavar="DATE", help="The day on which exemptions are looked at; else today, UTC."),)


def _all(options: tuple[Callable[[Any], Any], ...]) -> Callable[[_F], _F]:
    def add(function: _F) -> _F:
        for option in reversed(options):
            function = option(function)
        return function

    return add


policy_options = _all(_POLICY)
judging_options = _all(_POLICY + _ENGINE + _BUILD + _TODAY)
collecting_options = _all(_POLICY + _BUILD)


def asked(values: dict[str, Any]) -> Asked:
    """The options of one command line, checked; raises `UsageError`."""
    given = {name: value for name, value in values.items() if name in Asked._fields and value is not None}
    given["build_args"] = tuple(_pair(text) for text in values.get("build_args") or ())
    given["build_contexts"] = tuple(_context(text) for text in values.get("build_contexts") or ())
    if values.get("today"):
        given["today"] = day(values["today"])
    if values.get("online") and values.get("offline"):
        raise UsageError("--online and --offline contradict each other")
    check_platform(values.get("platform"))
    if values.get("opa_url") and values.get("engine") == "regorus":
        raise UsageError("--opa-url is for --engine opa", hint="Leave one of them out.")
    return Asked(**given)


def _context(text: str) -> tuple[str, str]:
    """NAME=VALUE of a named context, both checked."""
    name, equals, value = text.partition("=")
    if not equals:
        hint = "Write --build-context NAME=FOLDER or NAME=docker-image://REF."
        raise UsageError(f'build context "{text}" has no value', hint=hint)
    from gate.evidence.dockerfile.contexts import contexts_of

    contexts_of([(name, value)])
    return name, value


def check_platform(text: str | None) -> None:
    """Raise `UsageError` for what is no platform."""
    if text and not re.fullmatch(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?", text):
        raise UsageError(f'"{text}" is no platform', hint="Write it as linux/amd64.")


def day(text: str) -> datetime.date:
    """A date as 2026-11-21; raises `UsageError`."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f'"{text}" is no date', hint="Write it as 2026-11-21.") from None


def _pair(text: str) -> tuple[str, str]:
    """NAME=VALUE, or NAME for the value that docker build would take from its own environment: none here."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        hint = "gate does not read build arguments from its environment: write --build-arg NAME=VALUE."
        raise UsageError(f'build argument "{name or text}" has no value', hint=hint)
    return name, value
