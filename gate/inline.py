"""Exemptions written in a Dockerfile: ``# gate: ignore=RULE reason="..." until=DATE``, and other linters' ignores.

A comment before the first instruction holds for the whole file, one above or inside an instruction for that one only.
As every exemption it needs a reason and a date, is shown where it waives, and is reported where it has run out, waives
nothing, or cannot be read. Ignores of other linters are understood by rules' aliases, where settings say so.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from gate.evidence.model import Dockerfile, Evidence
from gate.exemptions import NOT_EXEMPTABLE, Waiver
from gate.finding import ExemptionUse, Finding, Location
from gate.settings.model import Written

RULE = "inline-exemption"
"""The built-in finding about comments that are no exemption: malformed, or forbidden. It warns, and never denies."""

_OWN = re.compile(r"^gate:\s*ignore\s*=(?P<rules>[A-Za-z0-9_/,-]*)(?P<rest>(?:\s.*)?)$")
_PAIR = re.compile(r"""\s+(?P<key>[a-z]+)=(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))""")
_FOREIGN = (
    ("hadolint", "file", re.compile(r"^hadolint\s+global\s+ignore\s*=\s*(?P<ids>[A-Za-z0-9, ]+)")),
    ("hadolint", "next", re.compile(r"^hadolint\s+ignore\s*=\s*(?P<ids>[A-Za-z0-9, ]+)")),
    ("BuildKit", "next", re.compile(r"^check\s*=(?:[^;]*;){0,2}?\s*skip\s*=\s*(?P<ids>[A-Za-z0-9, ]+)")),
    ("Trivy", "next", re.compile(r"^trivy:ignore:(?P<ids>[A-Za-z0-9-]+)")),
    ("Checkov", "file", re.compile(r"^checkov:skip\s*=\s*(?P<ids>[A-Za-z0-9_]+)")),
)
_BUILDKIT = frozenset(
    (
        *("ConsistentInstructionCasing", "CopyIgnoredFile", "DuplicateStageName", "ExposeInvalidFormat"),
        *("ExposeProtoCasing", "FromAsCasing", "FromPlatformFlagConstDisallowed", "InvalidBaseImagePlatform"),
        *("InvalidDefaultArgInFrom", "InvalidDefinitionDescription", "JSONArgsRecommended", "LegacyKeyValueFormat"),
        *("MaintainerDeprecated", "MultipleInstructionsDisallowed", "NoEmptyContinuation", "RedundantTargetPlatform"),
        *("ReservedStageName", "SecretsUsedInArgOrEnv", "StageNameCasing", "UndefinedArgInFrom", "UndefinedVar"),
        *("WorkdirRelativePath",),
    )
)
"""BuildKit's checks (v0.33.1): ``skip=all`` is all of them, and nothing else that gate finds."""
_TRIVY = re.compile(r"^(?:AVD-)?DS-?(\d{3,4})$")
_KEYS = {"reason", "until", "owner", "ticket"}


@dataclass(slots=True)
class _Ignore:
    """One comment that waives. ``lines``: where (first, last), null for the whole file. ``ids``: rules or aliases."""

    use: ExemptionUse
    ids: frozenset[str]
    lines: tuple[int, int] | None
    expires: datetime.date | None
    foreign: bool = False
    used: bool = False


@dataclass(slots=True)
class Inline:
    """The exemptions of one Dockerfile, and what is wrong with some."""

    ignores: list[_Ignore] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    today: datetime.date = datetime.date.max

    def waive(self, finding: Finding) -> Waiver:
        """The waiver for a finding, as `gate.exemptions.Exemptions.waive`."""
        active = expired = None
        for one in self.ignores:
            if finding.rule in NOT_EXEMPTABLE or finding.rule == RULE or not _covers(one, finding):
                continue
            one.used = True
            if one.expires is None or one.expires >= self.today:
                active = active or one.use
            else:
                expired = expired or _as(one.use, "expired")
        return Waiver(active, None if active else expired)

    def leftovers(self) -> list[ExemptionUse]:
        """Those that have run out, and those of gate's own that waived nothing."""
        found = []
        for one in self.ignores:
            if one.expires is not None and one.expires < self.today:
                found.append(_as(one.use, "expired"))
            elif not one.used and not one.foreign:
                found.append(_as(one.use, "unused"))
        return found

    def findings(self, path: str) -> Iterator[Finding]:
        """A warning for each comment that is no exemption."""
        for line, problem in self.problems:
            yield Finding(
                rule=RULE,
                aliases=[],
                severity="low",
                level="warn",
                status="violation",
                state="known",
                message=problem,
                location=Location(path=path, line=line, end_line=line),
                fix='Write `# gate: ignore=RULE reason="why" until=2027-01-31`, or use exemptions: in gate.yaml.',
                docs="docs/exemptions.md",
                fingerprint=f"{RULE}:{path}:{problem}",
            )


def read(evidence: Evidence, catalogue: Collection[str], written: Written, today: datetime.date) -> Inline | None:
    """The exemptions a Dockerfile holds; None where there is none and nothing is wrong.

    ``catalogue``: the ids of all rules. ``written``: gate.yaml, which may forbid them and may honour other linters'.
    """
    rules, foreign = frozenset(catalogue), written.honour_foreign_ignores
    dockerfile = evidence.dockerfile
    if dockerfile is None or not (dockerfile.comments or dockerfile.directives):
        return None
    found = Inline(today=today)
    places = _places(dockerfile)
    for comment in dockerfile.comments:
        own = _OWN.match(comment.text)
        where = f"{evidence.subject.name}:{comment.line}"
        if own is not None:
            if written.inline_exemptions == "forbid":
                found.problems.append((comment.line, "exemptions in Dockerfiles are forbidden by the settings"))
                continue
            problem = _add_own(found, own, _lines(comment.line, places), where, rules)
            if problem:
                found.problems.append((comment.line, f"not an exemption: {problem}"))
        elif foreign:
            _add_foreign(found, comment.text, _lines(comment.line, places), where)
    if foreign and "check" in dockerfile.directives:
        _add_foreign(found, f"check={dockerfile.directives['check']}", None, evidence.subject.name)
    return found if found.ignores or found.problems else None


def _add_own(
    found: Inline, own: re.Match[str], lines: tuple[int, int] | None, where: str, rules: frozenset[str]
) -> str | None:
    """Add an exemption of gate's own; what is wrong with it, if anything."""
    ids = [name.strip() for name in own["rules"].split(",") if name.strip()]
    pairs, end = {}, 0
    for match in _PAIR.finditer(own["rest"]):
        if match.start() != end:
            break
        pairs[match["key"]] = match["quoted"] if match["quoted"] is not None else match["plain"]
        end = match.end()
    if own["rest"][end:].strip():
        return f"cannot read {own['rest'][end:].strip()[:60]!r}"
    if not ids:
        return "it names no rule"
    unknown = sorted({*ids} - rules) or sorted({*pairs} - _KEYS)
    if unknown:
        return f"there is no {'rule' if {*ids} - rules else 'key'} {unknown[0]!r}"
    if not pairs.get("reason", "").strip():
        return "it gives no reason"
    try:
        expires = datetime.datetime.strptime(pairs.get("until", ""), "%Y-%m-%d").date()
    except ValueError:
        return "it has no date: until=2027-01-31"
    if {*ids} & NOT_EXEMPTABLE:
        return f"{ids[0]} cannot be exempted"
    for name in ids:
        use = ExemptionUse(
            rule=name,
            reason=pairs["reason"],
            owner=pairs.get("owner", "inline"),
            expires=expires.isoformat(),
            ticket=pairs.get("ticket"),
            source=where,
        )
        found.ignores.append(_Ignore(use, frozenset({name}), lines, expires))
    return None


def _add_foreign(found: Inline, text: str, lines: tuple[int, int] | None, where: str) -> None:
    for tool, scope, pattern in _FOREIGN:
        match = pattern.match(text)
        if match is None:
            continue
        for name in re.split(r"[,\s]+", match["ids"].strip()):
            reason = f"ignored for {tool}: {text}"[:200]
            use = ExemptionUse(rule=name, reason=reason, owner=tool, expires="never", source=where)
            ids = _foreign_ids(tool, name)
            found.ignores.append(_Ignore(use, ids, None if scope == "file" else lines, None, foreign=True))
        return


def _foreign_ids(tool: str, name: str) -> frozenset[str]:
    """The aliases that one name in another linter's comment speaks of: those of that linter alone."""
    if tool == "BuildKit":
        return _BUILDKIT if name == "all" else _BUILDKIT & {name}
    if tool == "Trivy":
        return frozenset(f"DS-{int(number):04}" for number in _TRIVY.findall(name))
    mine = name.startswith("CKV") if tool == "Checkov" else name.startswith(("DL", "SC"))
    return frozenset({name} if mine else ())


def _covers(one: _Ignore, finding: Finding) -> bool:
    named = set(finding.aliases) if one.foreign else {finding.rule}
    if not named & one.ids:
        return False
    if one.lines is None:
        return True
    line = finding.location.line if finding.location else None
    return line is not None and one.lines[0] <= line <= one.lines[1]


def _places(dockerfile: Dockerfile) -> list[tuple[int, int]]:
    """First and last line of every instruction, FROM and global ARG included, in order."""
    parts = [(one.line, one.end_line) for one in dockerfile.arguments]
    for stage in dockerfile.stages:
        parts.append((stage.line, stage.line))
        parts += [(one.line, one.end_line) for one in stage.instructions if one.onbuild_from is None]
    return sorted(parts)


def _lines(comment: int, places: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The lines a comment speaks of; None for the whole file."""
    if not places or comment < places[0][0]:
        return None
    for first, last in places:
        if first <= comment <= last or first > comment:
            return first, last
    return comment, comment


def _as(use: ExemptionUse, state: Literal["expired", "unused"]) -> ExemptionUse:
    return msgspec.structs.replace(use, state=state)
