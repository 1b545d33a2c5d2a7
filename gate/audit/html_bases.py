"""The tree of base images on the audit's page: base, images built on it, what runs from each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from gate.audit.html_parts import age, bdi, code, count, days_since, e, id_of, more, tag
from gate.audit.model import AuditReport, AuditResult, LineageNode

MAX_NODES = 600
_MAX_LEAVES = 8
_OPEN_BELOW = 80


class Family:
    """The nodes of a report by key, and what is right below each."""

    def __init__(self, report: AuditReport) -> None:
        self.nodes = {node.key: node for node in report.lineage}
        self.results = {result.key: result for result in report.results}
        self.today = report.inputs.today or report.started
        self.children: defaultdict[str | None, list[LineageNode]] = defaultdict(list)
        for node in report.lineage:
            self.children[node.parent if node.parent in self.nodes else None].append(node)

    def chain(self, key: str) -> list[LineageNode]:
        """A node and all it is built on, the lowest first."""
        found: list[LineageNode] = []
        at = self.nodes.get(key)
        while at is not None and at not in found:
            found.append(at)
            at = self.nodes.get(at.parent or "")
        return found[::-1]


def base_tree(report: AuditReport) -> str:
    """All bases in use with what is built on them, then images of which no base is proven."""
    family = Family(report)
    roots = family.children[None]
    bases = [node for node in roots if family.children[node.key] or node.dockerfiles or not node.audited]
    alone = [node for node in roots if node not in bases]
    budget = _Budget(MAX_NODES, open_all=len(report.lineage) <= _OPEN_BELOW)
    tree = "".join(_node(family, node, budget) for node in bases)
    text = f'<ul class="tree">{tree}</ul>' if tree else ""
    if budget.left_out:
        text += more(budget.left_out, "image")
    if alone:
        names = ", ".join(_link(node) for node in alone[:40])
        rest = f" and {len(alone) - 40:,} more" if len(alone) > 40 else ""
        text += f"<p><b>No base is proven</b> for {names}{rest}.</p>"
    return text


class _Budget:
    """How many nodes may still be drawn; a tree for people ends somewhere."""

    def __init__(self, nodes: int, *, open_all: bool) -> None:
        self.nodes, self.left_out, self.open_all = nodes, 0, open_all

    def take(self) -> bool:
        """Whether one more may be drawn."""
        self.nodes -= 1
        self.left_out += self.nodes < 0
        return self.nodes >= 0


def _node(family: Family, node: LineageNode, budget: _Budget, depth: int = 0) -> str:
    if not budget.take():
        return ""
    below = family.children[node.key]
    leaves = _leaves(family, node)
    head = _head(family, node)
    if not below and not leaves:
        return f"<li>{head}</li>"
    inside = leaves + "".join(_node(family, child, budget, depth + 1) for child in below)
    opened = " open" if budget.open_all or depth == 0 else ""
    return f"<li><details{opened}><summary>{head}</summary><ul>{inside}</ul></details></li>"


def _head(family: Family, node: LineageNode) -> str:
    facts = []
    if node.created:
        facts.append(f"<b>{age(node.age_days)} old</b> ({e(node.created)})")
    left = days_since(node.supported_until, family.today)
    if left is not None:
        facts.append(
            tag("deny", f"support ended {node.supported_until}")
            if left > 0
            else e(f"supported until {node.supported_until}")
        )
    built = sum(1 for _ in _below(family, node))
    if built:
        facts.append(f"{count(built, 'image')} built on it")
    if node.running + node.below:
        facts.append(count(node.running + node.below, "running container"))
    if node.proof == "layers":
        facts.append(f"proven by {count(node.layers, 'layer')}")
    elif node.proof == "structure":
        facts.append("nothing below its own files")
    text = " · ".join(facts)
    return f'{_link(node)} <span class="dim">{_short(node)}{text}</span>'


def _below(family: Family, node: LineageNode) -> list[LineageNode]:
    found, waiting = [], list(family.children[node.key])
    while waiting:
        at = waiting.pop()
        found.append(at)
        waiting += family.children[at.key]
    return found


def _short(node: LineageNode) -> str:
    return f"{code(node.digest[7:15])} · " if node.digest else ""


def _link(node: LineageNode) -> str:
    if not node.audited:
        return code(node.name)
    return f'<a href="#{id_of(node.key)}">{code(node.name)}</a>'


def _leaves(family: Family, node: LineageNode) -> str:
    """What is in use of this very image: workloads that run it, Dockerfiles that name it."""
    return _listed(family.results, node.dockerfiles, _file) + _listed(
        family.results, [key for key in node.results if key.startswith("container/")], _workload
    )


def _listed(results: Mapping[str, AuditResult], keys: Sequence[str], show: Callable[[AuditResult], str]) -> str:
    found = [results[key] for key in keys if key in results]
    rows = "".join(f'<li class="leaf">{show(result)}</li>' for result in found[:_MAX_LEAVES])
    rest = len(found) - _MAX_LEAVES
    return rows + (f'<li class="leaf dim">and {rest:,} more</li>' if rest > 0 else "")


def _workload(result: AuditResult) -> str:
    running = sum(place.count for place in result.places)
    return (
        f'<span class="dim">runs</span> <a href="#{id_of(result.digest or result.key)}">{bdi(result.name)}</a> '
        f'<span class="dim">×{running:,}</span> {tag(result.verdict)}'
    )


def _file(result: AuditResult) -> str:
    chain = " → ".join(bdi(stage, 60) for stage in result.stages)
    stages = f' <span class="dim">stages {chain}</span>' if len(result.stages) > 1 else ""
    return (
        f'<span class="dim">named by</span> <a href="#{id_of(result.key)}">{bdi(result.name)}</a>{stages} '
        f"{tag(result.verdict)}"
    )
