"""Writes docs/rules: one page per rule from its METADATA and cases, and an index; ``--check`` only compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from gate.bundle.catalogue import COLLECTIONS, SEVERITIES, Parameter, Rule
from gate.bundle.load import Bundle, load
from gate.fixes.decisions import DECISIONS

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "rules"
_SHOWN = 4
_READS = {
    "age": "a time such as `90d`",
    "boolean": "`true` or `false`",
    "integer": "a whole number",
    "list": "a list of maps",
    "patterns": "a list of image patterns",
    "size": "a size such as `300MB`",
    "size-or-percent": "a size or a share, `20MB` or `10%`",
    "string": "a text",
    "strings": "a list of texts",
    "urls": "a list of URL patterns",
}
_NEEDS = {
    "user": "the user",
    "shell": "whether there is a shell",
    "base": "the base image",
    "size": "the size",
    "filesystem": "what files the image has",
    "dockerfile": "the Dockerfile",
    "image": "the image's config",
    "workload": "the workload",
}
_KINDS = {"dockerfile": "Dockerfile", "image": "image", "container": "container"}
# What gate.yaml sets at its top level, and defaults.yaml too.
_SUGAR = {
    ("approved-base", "bases"): "approved_bases",
    ("approved-source", "sources"): "approved_sources",
    ("approved-frontend", "frontends"): "approved_frontends",
}
_MADE = "<!-- Made by docs/generate_rules.py from the rule's METADATA and cases. -->"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    bundle = load()
    made = {f"{rule.id}.md": "\n".join(_page(rule, bundle)) for rule in bundle.catalogue.values()}
    return {**made, "README.md": "\n".join(_index(bundle))}


def _page(rule: Rule, bundle: Bundle) -> Iterator[str]:
    row = bundle.defaults["rules"][rule.id]
    yield from [f"# {rule.title}", "", _MADE, "", f"`{rule.id}` · severity {rule.severity} · {rule.collection}", ""]
    yield from [rule.description, "", "| | |", "|---|---|"]
    yield f"| judges | {', '.join(_KINDS[kind] for kind in rule.kinds)} |"
    if rule.needs:
        later = [_KINDS[kind] for kind in rule.kinds if kind in rule.settled_on]
        settled = f"; where it is not known, settled later on {' and '.join(later)}" if later else ""
        yield f"| needs | {', '.join(_NEEDS[need] for need in rule.needs)}{settled} |"
    yield f"| default level | {_levels(row)} |"
    if rule.aliases:
        yield f"| also known as | {', '.join(rule.aliases)} |"
    if rule.controls:
        yield f"| controls | {', '.join(rule.controls)} |"
    yield f"| since | {rule.since} |"
    yield from ["", "## Fix", "", rule.fix, "", *_edits(rule), ""]
    yield from _parameters(rule, _defaults(rule, bundle))
    yield from _cases(rule)
    yield from _exempting(rule)
    yield from ["## More", ""]
    yield from [f"- [{each.description or each.ref}]({each.ref})" for each in rule.related]
    yield f"- [The rule itself](../../{rule.path})"
    yield ""


def _edits(rule: Rule) -> Iterator[str]:
    """What ``gate check --fix`` does about it."""
    found = DECISIONS.get(rule.id)
    if found is None or found.kind == "no":
        yield f"Not by `gate check --fix`. {found.told}" if found else "Not by `gate check --fix`."
    else:
        option = "--fix --unsafe-fixes" if found.kind == "unsafe" else "--fix"
        yield f"[`gate check {option}`](../fixes.md): {found.told}"


def _defaults(rule: Rule, bundle: Bundle) -> dict[str, Any]:
    given = bundle.defaults["rules"][rule.id].get("parameters", {})
    return {name: bundle.defaults.get(_SUGAR.get((rule.id, name), ""), value) for name, value in given.items()}


def _levels(row: dict[str, Any]) -> str:
    told = [f"`{level}` in {environment}" for environment, level in row["levels"].items()]
    told += [f"`{level}` for {role} containers" for role, level in row.get("roles", {}).items()]
    return ", ".join(told)


def _parameters(rule: Rule, defaults: dict[str, Any]) -> Iterator[str]:
    if not rule.parameters:
        return
    yield from ["## Parameters", "", f"Under `rules.{rule.id}` in gate.yaml.", ""]
    yield from ["| parameter | | default | |", "|---|---|---|---|"]
    for name, one in rule.parameters.items():
        yield f"| `{name}` | {_type(one)} | {_value(defaults[name])} | {one.description} |"
        for key, inner in one.items.items():
            yield f"| `{name}[].{key}` | {_type(inner)} | | {inner.description} |"
    yield ""


def _type(parameter: Parameter) -> str:
    if parameter.type == "choice":
        read = " or ".join(f"`{value}`" for value in parameter.values)
    else:
        read = _READS[parameter.type]
    return f"{read}, or `null`" if parameter.nullable else read


def _value(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n...\n").strip()
    return f"`{text}`"


def _cases(rule: Rule) -> Iterator[str]:
    path = (ROOT / rule.path).parent / "cases.yaml"
    cases = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else []
    sources = [case for case in cases if "dockerfile" in case or "manifest" in case]
    for heading, wanted in (("Avoid", True), ("Prefer", False)):
        chosen = [case for case in sources if bool(case["expect"]) is wanted][:_SHOWN]
        if chosen:
            yield from [f"## {heading}", ""]
        for case in chosen:
            yield from _case(case)


def _case(case: dict[str, Any]) -> Iterator[str]:
    undecided = any(each["status"] == "undecided" for each in case["expect"])
    yield from [f"{case['name'].capitalize()}{' (undecided)' if undecided else ''}:", ""]
    language = "dockerfile" if "dockerfile" in case else "yaml"
    yield from [f"```{language}", case[language if language == "dockerfile" else "manifest"].rstrip("\n"), "```", ""]
    notes = [f"built with `--target {case['build']['target']}`"] if case.get("build", {}).get("target") else []
    if "ignore" in case:
        lines = ", ".join(f"`{line}`" for line in case["ignore"])
        notes.append(f"with a .dockerignore of {lines}" if lines else "without a .dockerignore")
    if notes:
        yield from [f"({'; '.join(notes)})", ""]
    if "settings" in case:
        yield from ["with this gate.yaml:", "", "```yaml"]
        yield yaml.safe_dump({"version": 1, **case["settings"]}, sort_keys=False).rstrip("\n")
        yield from ["```", ""]


def _exempting(rule: Rule) -> Iterator[str]:
    yield from ["## Exempting", "", "```yaml", "exemptions:"]
    where = 'images: ["ghcr.io/acme/legacy"]' if "image" in rule.kinds else 'paths: ["services/legacy/Dockerfile"]'
    if rule.kinds == ["container"]:
        where = 'namespaces: ["legacy"]'
    yield f'  - {{rule: {rule.id}, {where}, reason: "why", owner: team, expires: 2027-03-31}}'
    yield from ["```", ""]


def _index(bundle: Bundle) -> Iterator[str]:
    yield from [
        "# Rules",
        "",
        _MADE,
        "",
        "`collection:` in gate.yaml chooses how many run; each includes those before it.",
    ]
    yield "[Writing a rule](../writing-rules.md) says how to add one."
    rules = list(bundle.catalogue.values())
    for collection in COLLECTIONS:
        yield from ["", f"## {collection.capitalize()}", "", "| rule | says | judges | severity | prod | dev |"]
        yield "|---|---|---|---|---|---|"
        for rule in sorted(
            (each for each in rules if each.collection == collection),
            key=lambda each: (SEVERITIES.index(each.severity), each.id),
        ):
            levels = bundle.defaults["rules"][rule.id]["levels"]
            kinds = ", ".join(_KINDS[kind] for kind in rule.kinds)
            link = f"[{rule.id}]({rule.id}.md)"
            yield f"| {link} | {rule.title} | {kinds} | {rule.severity} | {levels['prod']} | {levels['dev']} |"
    yield from ["", "## By other tools' ids", "", "| id | rule |", "|---|---|"]
    for alias, name in sorted((alias, rule.id) for rule in rules for alias in rule.aliases):
        yield f"| {alias} | [{name}]({name}.md) |"
    yield ""


def stale() -> list[str]:
    """Pages that are missing, out of date, or of no rule."""
    made = pages()
    held = {path.name: path.read_text(encoding="utf-8") for path in TARGET.glob("*.md")}
    return sorted(name for name in made.keys() | held.keys() if made.get(name) != held.get(name))


def main() -> int:
    """Write or, with ``--check``, compare; 1 when something is out of date."""
    wrong = stale()
    if "--check" in sys.argv[1:]:
        print("fresh" if not wrong else f"out of date: {', '.join(wrong)}: python docs/generate_rules.py")
        return 1 if wrong else 0
    TARGET.mkdir(exist_ok=True)
    made = pages()
    for name in wrong:
        if name in made:
            (TARGET / name).write_text(made[name], encoding="utf-8")
        else:
            (TARGET / name).unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
