"""The checkouts of an audit: every file judged as ``gate check`` does, with owners, and what is built from what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gate.audit.join import Checkout, Owners
from gate.audit.model import AuditResult
from gate.audit.report import of_tree
from gate.cli.collectors import Broken, collect
from gate.cli.judging import Outcome, judge_all
from gate.errors import GateError, ReferenceError_
from gate.evidence.image.reference import parse
from gate.evidence.model import Evidence
from gate.finding import ExemptionUse
from gate.settings.files import UnreadableError, read_regular, read_start
from gate.target import plan

if TYPE_CHECKING:
    from gate.cli.session import Session
    from gate.target import Target


@dataclass(slots=True)
class Trees:
    """What checkouts hold.

    ``images``: repository (``registry/path``) to the name of the row that builds it. ``inline``: exemptions written in
    Dockerfiles, and how many findings each waives.
    """

    rows: list[AuditResult] = field(default_factory=list)
    checkouts: list[Checkout] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    inline: Counter[ExemptionUse] = field(default_factory=Counter)
    _names: Counter[str] = field(default_factory=Counter)

    def targets(self, session: Session, root: Path) -> list[Target]:
        """The files of a checkout that are to be judged; notes the checkout and what cannot be read."""
        if not root.is_dir():
            self.failures.append(f"{root}: no such folder")
            return []
        planned = plan([str(root)], session.settings.written, cwd=session.cwd)
        self.checkouts.append(Checkout(str(root), _remote(root), _codeowners(root)))
        self.failures += [f"{name}: {error}" for name, error in planned.failures]
        self.skipped.update(_why(text) for text in planned.skipped)
        if not planned.targets and not planned.failures:
            self.failures.append(f"{root}: no Dockerfile or manifest was found")
        return list(planned.targets)

    def judge(self, session: Session, root: Path, targets: Sequence[Target]) -> None:
        """Judge targets of a checkout, each a row or several."""
        owners = Owners.parse(next((one.codeowners for one in self.checkouts if one.root == str(root)), ""))
        for target, outcome in zip(targets, judge_all(session, targets, 1), strict=False):
            self._add(session, root, owners, target, outcome)

    def judge_again(self, candidate: Session, root: Path, targets: Sequence[Target]) -> None:
        """What a policy to come says of the same targets."""
        other = Trees(checkouts=self.checkouts)
        other.judge(candidate, root, targets)
        self.failures += [f"candidate: {failure}" for failure in other.failures if failure not in self.failures]
        later = {row.key: row for row in other.rows}
        self.rows = [
            msgspec.structs.replace(row, at_restart=later[row.key].verdict, candidate_findings=later[row.key].findings)
            if row.key in later
            else row
            for row in self.rows
        ]

    def _add(self, session: Session, root: Path, owners: Owners, target: Target, outcome: Outcome) -> None:
        if outcome.failure is not None:
            self.failures.append(f"{outcome.failure.target}: {outcome.failure.message}")
        if outcome.skipped:
            self.skipped[_why(outcome.skipped)] += 1
        facts = _facts(session, target) if target.kind == "dockerfile" and outcome.results else None
        written = {one.source for one in session.settings.written.exemptions}
        for result in outcome.results:
            waived = [found.exemption for found in result.findings if found.exemption is not None]
            self.inline.update(use for use in waived if use.source not in written)
            self.inline.update({use: 0 for use in result.leftovers if use.source not in written})
            self.seen["files" if target.kind == "dockerfile" else "manifests"] += 1
            row = of_tree(result, target.kind == "dockerfile", str(root), target.name, facts)
            self._names[row.key] += 1
            again = f"#{self._names[row.key]}" if self._names[row.key] > 1 else ""
            self.rows.append(_named(row, again, owners.of(_inside(target, root))))
            if row.kind == "dockerfile" and row.reference:
                self.images.setdefault(_repository(row.reference), self.rows[-1].name)


def _why(skipped: str) -> str:
    """The reason without the file's name, so that files can be counted by it."""
    return skipped.partition(": ")[2] or skipped


def _inside(target: Target, root: Path) -> str:
    """The path as CODEOWNERS of the checkout has it."""
    if target.path is None:
        return target.name
    path, top = target.path.absolute(), root.absolute()
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else target.name


def _named(row: AuditResult, again: str, owners: Sequence[str]) -> AuditResult:
    name = f"{row.name} {again}" if again else row.name
    return msgspec.structs.replace(row, key=row.key + again, name=name, owners=list(owners))


def _facts(session: Session, target: Target) -> Evidence | None:
    """The facts of a Dockerfile once more: results that were remembered have none."""
    try:
        return next((one for one in collect(session, target) if not isinstance(one, Broken)), None)
    except GateError:
        return None


def _repository(image: str) -> str:
    try:
        return parse(image).name
    except ReferenceError_:
        return image.partition("@")[0]


def _remote(root: Path) -> str | None:
    """The URL of the git remote ``origin``, read from the checkout's own config file."""
    try:
        text = read_start(root / ".git" / "config", 100_000).decode(errors="replace")
    except UnreadableError:
        return None
    inside = False
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            inside = stripped == '[remote "origin"]'
        elif inside and stripped.startswith("url"):
            return stripped.partition("=")[2].strip()
    return None


def _codeowners(root: Path) -> str:
    for place in (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"):
        try:
            return read_regular(root / place, 1_000_000).decode(errors="replace")
        except UnreadableError:
            continue
    return ""
