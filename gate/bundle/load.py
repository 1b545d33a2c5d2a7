"""Find the policy, check it, hash it: the shipped rules, and those of ``--policy`` directories."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gate.bundle import catalogue, foreign
from gate.bundle.catalogue import Rule
from gate.errors import PolicyError

_LARGEST = 1 << 20
_MOST_FILES = 2_000


class Bundle(msgspec.Struct, frozen=True):
    """A policy as the engines need it.

    ``modules`` and ``custom_modules``: Rego text by the path that messages show. ``revision``: ``sha256:...`` over
    all of it. ``catalogue``: rules by id, in order. ``defaults``: defaults.yaml with the custom rules added.
    ``capabilities``: OPA's document of that name, as text. ``names``: of the custom modules in an archive, by their
    path. ``inputs``: "conftest", "trivy", where policies written for these are among them; ``native`` are the paths of
    the others. ``schema``: JSON Schema of what those read, as text; empty where there are none.
    """

    modules: Mapping[str, str]
    custom_modules: Mapping[str, str]
    revision: str
    catalogue: Mapping[str, Rule]
    defaults: Mapping[str, Any]
    capabilities: str
    names: Mapping[str, str] = {}
    inputs: frozenset[str] = frozenset()
    native: frozenset[str] = frozenset()
    schema: str = ""

    @property
    def builtins(self) -> frozenset[str]:
        """The names of the functions that ``capabilities`` allows."""
        return frozenset(one["name"] for one in json.loads(self.capabilities)["builtins"])

    @property
    def triggers(self) -> dict[str, list[str]]:
        """METADATA ``only_with`` of the shipped rules that have it."""
        return {rule.id: rule.only_with for rule in self.catalogue.values() if rule.only_with and "/" not in rule.id}


def shipped() -> Path:
    """Where gate's own policy lives: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_policies"
    return installed if installed.is_dir() else package.parent / "policies"


def load(extra_dirs: Sequence[Path] = (), *, root: Path | None = None) -> Bundle:
    """Read the shipped policy and the custom ones; raises `PolicyError` with file and line.

    ``root`` replaces the shipped policy (tests, and rules under development).
    """
    root = root or shipped()
    modules = {f"policies/{name}": text for name, text in _modules(root)}
    defaults_text = _read(root / "defaults.yaml")
    prepared = _prepared(root, modules, defaults_text)
    rules = prepared.rules
    custom, others = _custom_modules(extra_dirs)
    native = frozenset(custom)
    theirs = foreign.read(others)
    own = dict(_custom_rules(custom))
    for rule in theirs.rules.values():
        if rule.id in own:
            raise PolicyError(f"rule {rule.id} is also in {own[rule.id].path}", where=f"{rule.path}:{rule.line}")
    rules.update(own | theirs.rules)
    names = {rule.path: f"{rule.id}.rego" for rule in own.values()} | theirs.names
    custom |= theirs.modules
    by_name = {names[path]: text for path, text in custom.items()}
    capabilities = _read(root / "capabilities.json")
    return Bundle(
        modules=modules,
        custom_modules=custom,
        revision=_revision({**modules, **by_name, "defaults.yaml": defaults_text}) if by_name else prepared.revision,
        catalogue=dict(sorted(rules.items())),
        defaults=_with_custom(prepared.defaults, rules, theirs.warnings),
        capabilities=capabilities,
        names=names,
        inputs=frozenset(file.input for file in others),
        native=native,
        schema=_read(root / "schemas" / "input.json") if native else "",
    )


def _custom_modules(directories: Sequence[Path]) -> tuple[dict[str, str], list[foreign.File]]:
    """The texts of gate's own kind by path, and the files written for conftest or Trivy."""
    found = []
    for number, directory in enumerate(directories):
        if not directory.is_dir():
            raise PolicyError("no such directory", where=str(directory), hint="--policy names a directory of Rego.")
        found += [(str(directory / name), f"{number}/{name}", text) for name, text in _modules(directory)]
    own, others = foreign.sort(found)
    return {path: text for path, _, text in own}, others


class _Prepared(msgspec.Struct):
    """What is made of the shipped policy's METADATA and defaults.yaml; ``revision`` says of which."""

    revision: str
    rules: dict[str, Rule]
    defaults: dict[str, Any]


def prepare(root: Path) -> bytes:
    """The text of ``catalogue.json``: METADATA and defaults of the policy below ``root``, read and checked."""
    modules = {f"policies/{name}": text for name, text in _modules(root)}
    text = _read(root / "defaults.yaml")
    prepared = _read_prepared(modules, text, _revision({**modules, "defaults.yaml": text}))
    return msgspec.json.format(msgspec.json.encode(prepared), indent=1) + b"\n"


def _prepared(root: Path, modules: Mapping[str, str], defaults_text: str) -> _Prepared:
    """From catalogue.json where it is of this very policy, which saves reading YAML; else from the policy itself."""
    revision = _revision({**modules, "defaults.yaml": defaults_text})
    try:
        prepared = msgspec.json.decode((root / "catalogue.json").read_bytes(), type=_Prepared)
    except (OSError, msgspec.MsgspecError):
        return _read_prepared(modules, defaults_text, revision)
    return prepared if prepared.revision == revision else _read_prepared(modules, defaults_text, revision)


def _read_prepared(modules: Mapping[str, str], defaults_text: str, revision: str) -> _Prepared:
    rules = dict(_shipped_rules(modules))
    return _Prepared(revision, rules, _defaults(defaults_text, rules))


def _modules(root: Path) -> Iterator[tuple[str, str]]:
    """Rego files below ``root`` in a fixed order, tests left out, as (relative path, text)."""
    paths = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths += [Path(folder, name) for name in files if name.endswith(".rego") and not name.endswith("_test.rego")]
        if len(paths) > _MOST_FILES:
            raise PolicyError(f"more than {_MOST_FILES} policies", where=str(root))
    for path in sorted(paths):
        yield path.relative_to(root).as_posix(), _read(path)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise PolicyError(f"cannot be read: {error.strerror}", where=str(path)) from None
    if len(data) > _LARGEST:
        raise PolicyError("larger than 1 MiB", where=str(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise PolicyError("not UTF-8", where=str(path)) from None


def _shipped_rules(modules: Mapping[str, str]) -> Iterator[tuple[str, Rule]]:
    for path, text in modules.items():
        if path.startswith("policies/rules/"):
            rule_id = path.split("/")[2]
            parts, line = catalogue.package(path, text)
            if parts != ["gate", "rules", rule_id]:
                raise PolicyError(f'the package here is gate.rules["{rule_id}"]', where=f"{path}:{line}")
            yield rule_id, catalogue.rule(rule_id, path, text)


def _custom_rules(modules: Mapping[str, str]) -> Iterator[tuple[str, Rule]]:
    seen: dict[str, str] = {}
    for path, text in modules.items():
        parts, line = catalogue.package(path, text)
        if len(parts) != 2 or parts[0] != "custom":
            raise PolicyError(
                f"package {'.'.join(parts)} is not for custom policies",
                where=f"{path}:{line}",
                hint="Call it `package custom.<name>`; its rule is then custom/<name>. A policy for conftest or Trivy "
                "says `input: conftest` or `input: trivy` in its METADATA, below `custom`.",
            )
        rule_id = f"custom/{parts[1]}"
        if rule_id in seen:
            raise PolicyError(f"rule {rule_id} is also in {seen[rule_id]}", where=f"{path}:{line}")
        seen[rule_id] = path
        yield rule_id, catalogue.rule(rule_id, path, text)


def _defaults(text: str, rules: Mapping[str, Rule]) -> dict[str, Any]:
    import yaml

    defaults: dict[str, Any] = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    table = defaults["rules"]
    for rule in rules.values():
        if rule.id not in table:
            raise PolicyError(f"defaults.yaml has no row for {rule.id}", where=f"{rule.path}:{rule.line}")
    for rule_id in table:
        if rule_id not in rules:
            raise PolicyError(
                f"defaults.yaml names a rule that is not there: {rule_id}", where="policies/defaults.yaml"
            )
    return defaults


def _with_custom(defaults: dict[str, Any], rules: Mapping[str, Rule], warnings: frozenset[str]) -> dict[str, Any]:
    """Custom rules deny in production unless they only warn, and bring their parameters' defaults in METADATA."""
    for rule in rules.values():
        if rule.id.startswith("custom/"):
            parameters = {name: one.default for name, one in rule.parameters.items()}
            level = "warn" if rule.id in warnings else "deny"
            defaults["rules"][rule.id] = {"levels": {"prod": level, "dev": "warn"}, "parameters": parameters}
    return defaults


def _revision(texts: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for path, text in sorted(texts.items()):
        for part in (path, text):
            data = part.encode()
            digest.update(len(data).to_bytes(8, "big"))
            digest.update(data)
    return f"sha256:{digest.hexdigest()}"
