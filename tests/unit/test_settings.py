"""Settings in force: defaults, then rules, then the environment; found upwards; and the schema for editors."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from gate.bundle.load import load as load_bundle
from gate.errors import SettingsError
from gate.settings import Build, KnownBase, Registry, Settings, Stance, find, load, parse_settings, read
from gate.settings.environ import Variables
from gate.settings.environ import read as read_environ
from gate.settings.patterns import compile_image
from gate.settings.schema import schema

from tests.support.subjects import catalogue, defaults, parameter, rule

BASES = {"bases": parameter("patterns"), "images": parameter("patterns")}
RULES = catalogue(
    rule("non-root", parameters={"build_args": parameter("boolean")}),
    rule("no-shell"),
    rule(
        "max-size",
        parameters={
            "uncompressed": parameter("size", nullable=True),
            "compressed": parameter("size", nullable=True),
            "growth": parameter("size-or-percent", nullable=True),
            "budgets": parameter("list", items={"images": parameter("patterns"), "uncompressed": parameter("size")}),
        },
    ),
    rule("approved-base", parameters=BASES),
    rule("approved-source", parameters={"sources": parameter("patterns")}),
    rule("copy-order", collection="recommended", kinds=["dockerfile"]),
    rule("pedantic", collection="strict"),
)
DEFAULTS = defaults(
    RULES,
    no_shell={"levels": {"prod": "deny", "dev": "ignore"}, "roles": {"ephemeral": "warn"}},
    non_root={"levels": {"prod": "deny", "dev": "warn"}, "parameters": {"build_args": False}},
    max_size={
        "levels": {"prod": "deny", "dev": "warn"},
        "parameters": {"uncompressed": "300MB", "compressed": None, "growth": None, "budgets": []},
    },
) | {"approved_bases": ["alpine"], "approved_sources": ["docker.io/library/*"]}


def settings(text: str = "") -> Settings:
    """The settings of a gate.yaml of these lines."""
    return Settings(parse_settings(f"version: 1\n{text}".encode(), Path("gate.yaml"), RULES), RULES, DEFAULTS)


def levels(found: Settings, environment: str, kind: str = "dockerfile", role: str | None = None) -> dict[str, str]:
    """Level by rule, of the rules that run."""
    return {name: one.level for name, one in found.resolve(environment, kind, role).items()}


def test_without_a_file_the_defaults_hold() -> None:
    assert levels(settings(), "prod") == dict.fromkeys(RULES.keys() - {"pedantic"}, "deny")
    assert levels(settings(), "dev") == dict.fromkeys(RULES.keys() - {"pedantic", "no-shell"}, "warn")


def test_rules_run_only_on_the_kinds_they_are_for() -> None:
    assert "copy-order" not in levels(settings(), "prod", "image")
    assert "copy-order" in levels(settings(), "prod", "dockerfile")


@pytest.mark.parametrize(
    ("collection", "more"),
    [("essential", set()), ("recommended", {"copy-order"}), ("strict", {"copy-order", "pedantic"})],
)
def test_a_collection_brings_its_rules_and_those_of_the_smaller_ones(collection: str, more: set[str]) -> None:
    essential = {"non-root", "no-shell", "max-size", "approved-base", "approved-source"}
    assert set(levels(settings(f"collection: {collection}"), "prod")) == essential | more


def test_a_rule_that_is_named_runs_whatever_the_collection() -> None:
    assert levels(settings("collection: essential\nrules: {pedantic: warn}"), "prod")["pedantic"] == "warn"


def test_an_environment_is_laid_over_the_rules_and_those_over_the_defaults_by_key() -> None:
    found = settings(
        """
rules:
  max-size: {uncompressed: 100MB, compressed: 40MiB}
  no-shell: warn
environments:
  - {name: staging, namespaces: ["staging-*"], rules: {max-size: {level: warn, uncompressed: 2GB}, no-shell: deny}}
  - {name: prod, namespaces: ["*"]}
"""
    )
    size = {"growth": None, "budgets": [], "compressed": 40 * 2**20}
    assert found.resolve("staging", "image")["max-size"] == ("warn", size | {"uncompressed": 2 * 10**9})
    assert found.resolve("prod", "image")["max-size"] == ("deny", size | {"uncompressed": 10**8})
    assert [found.level("no-shell", name) for name in ("staging", "prod", "dev")] == ["deny", "warn", "warn"]


def test_lists_replace_lists() -> None:
    found = settings("approved_bases: [debian]").parameters("approved-base", "prod")
    assert found["bases"] == [compile_image("debian")]


def test_approved_bases_are_short_for_the_rules_parameter() -> None:
    short = settings("approved_bases: [debian]\napproved_images: [postgres]")
    long = settings("rules: {approved-base: {bases: [debian], images: [postgres]}}")
    assert short.parameters("approved-base", "prod") == long.parameters("approved-base", "prod")


def test_approved_bases_are_approved_sources_too() -> None:
    found = settings("approved_bases: [ghcr.io/acme/base]").parameters("approved-source", "prod")
    assert found == {"sources": [compile_image("docker.io/library/*"), compile_image("ghcr.io/acme/base")]}


def test_null_switches_a_parameter_off_where_the_rule_allows_it() -> None:
    assert settings("rules: {max-size: {uncompressed: null}}").parameters("max-size", "prod")["uncompressed"] is None
    with pytest.raises(SettingsError, match="must be true or false"):
        settings("rules: {non-root: {build_args: null}}")


def test_parameters_arrive_compiled() -> None:
    text = "rules: {max-size: {growth: 10%, budgets: [{images: [ghcr.io/acme/ml-*], uncompressed: 2GB}]}}"
    found = settings(text).parameters("max-size", "prod")
    assert found["growth"] == {"percent": 10}
    assert found["budgets"] == [{"images": [compile_image("ghcr.io/acme/ml-*")], "uncompressed": 2 * 10**9}]
    assert settings("rules: {max-size: {growth: 20MB}}").parameters("max-size", "prod")["growth"] == {
        "bytes": 20 * 10**6
    }


@pytest.mark.parametrize(
    ("text", "role", "level"),
    [
        pytest.param("", "container", "deny", id="a role nobody speaks of"),
        pytest.param("", "ephemeral", "warn", id="the default of a role"),
        pytest.param("rules: {no-shell: deny}", "ephemeral", "warn", id="a level does not lift a role"),
        pytest.param("rules: {no-shell: {roles: {ephemeral: deny}}}", "ephemeral", "deny", id="a role is lifted"),
        pytest.param("rules: {no-shell: {roles: {init: warn}}}", "ephemeral", "warn", id="roles merge by key"),
        pytest.param("rules: {no-shell: {roles: {init: warn}}}", "init", "warn", id="a role of one's own"),
        pytest.param("rules: {no-shell: ignore}", "ephemeral", "ignore", id="a role never strengthens"),
    ],
)
def test_a_role_is_the_most_a_finding_may_do(text: str, role: str, level: str) -> None:
    assert settings(text).level("no-shell", "prod", role) == level


def test_the_same_question_gets_the_same_mapping() -> None:
    found = settings()
    assert found.resolve("prod", "image") is found.resolve("prod", "image")
    assert found.resolve("prod", "image") is not found.resolve("prod", "container", "init")


ENVIRONMENTS = """
environments:
  - {name: dev, namespaces: ["dev-*", "sandbox"], undecided: ignore}
  - {name: tests, namespaces: ["dev-tests"], assumed: undecided, evidence_pending: warn}
  - {name: prod, namespaces: ["*"]}
undecided: warn
"""


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("dev-a", "dev"),
        ("dev-tests", "dev"),
        ("sandbox", "dev"),
        ("sandbox2", "prod"),
        ("", "prod"),
        ("adev-a", "prod"),
    ],
)
def test_the_first_environment_whose_namespaces_match_holds(namespace: str, name: str) -> None:
    assert settings(ENVIRONMENTS).of_namespace(namespace) == name


def test_where_no_environments_are_declared_namespaces_are_prod() -> None:
    assert settings().of_namespace("dev-a") == "prod"


def test_the_stance_on_doubt_is_the_environments_then_the_files_then_strict() -> None:
    found = settings(ENVIRONMENTS)
    assert {name: found.stance(name) for name in ("dev", "tests", "prod")} == {
        "dev": Stance("ignore", "accept", "deny"),
        "tests": Stance("warn", "undecided", "warn"),
        "prod": Stance("warn", "accept", "deny"),
    }
    assert settings().stance("prod") == Stance("deny", "accept", "deny")


def test_an_environment_may_be_asked_for_by_name() -> None:
    found = settings("environment: qa\nenvironments: [{name: qa, namespaces: ['*']}]")
    assert [found.named(name) for name in (None, "qa", "dev", "prod")] == ["qa", "qa", "dev", "prod"]
    with pytest.raises(SettingsError, match='no environment is called "prdo"') as caught:
        found.named("prdo")
    assert caught.value.hint == 'did you mean "prod"?'


def test_everything_else_in_the_file_is_read() -> None:
    written = parse_settings(
        b"""
version: 1
builds:
  - {path: ./services//api/Dockerfile, target: final, args: {V: "1.2", EMPTY: ""}, image: acme/api, platform: linux/arm64}
registries:
  - {host: "127.0.0.1:5000", insecure: true}
  - {host: docker.io, mirrors: [registry.acme.dev/hub], mirror_tags: false, ca: certs/acme.pem}
known_bases:
  - {image: ghcr.io/acme/base, tags: ["1*"], user: "", uid: 0, users: {app: 1000}, shells: [], size_mb: 12, floor_mb: 8,
     supported_until: 2027-01-31, libc: musl, ships: runtime, package_manager: apk}
custom_resources:
  - {group: argoproj.io, version: v1alpha1, resource: rollouts, kind: Rollout, pod_spec: spec.template.spec}
exclude: ["vendor/"]
manifests: ["deploy/*.yaml"]
honour_foreign_ignores: true
inline_exemptions: forbid
exemptions:
  - {rule: no-shell, images: [ghcr.io/acme/legacy], reason: "needs sh", owner: team-shop, ticket: SHOP-12,
     expires: 2027-03-31}
""",
        Path("/p/gate.yaml"),
        RULES,
    )
    assert written.builds == [
        Build(
            path="services/api/Dockerfile",
            target="final",
            args={"V": "1.2", "EMPTY": ""},
            image="docker.io/acme/api",
            platform="linux/arm64",
        )
    ]
    assert written.registries == [
        Registry(host="127.0.0.1:5000", insecure=True),
        Registry(host="docker.io", mirrors=["registry.acme.dev/hub"], ca="certs/acme.pem"),
    ]
    assert written.known_bases == [
        KnownBase(
            pattern=compile_image("ghcr.io/acme/base", ["1*"]),
            user="",
            uid=0,
            users={"app": 1000},
            shells=[],
            size=12_000_000,
            floor=8_000_000,
            supported_until=datetime.date(2027, 1, 31),
            libc="musl",
            ships="runtime",
            package_manager="apk",
        )
    ]
    (exemption,) = written.exemptions
    assert (exemption.rule, exemption.expires, exemption.ticket, exemption.source) == (
        "no-shell",
        datetime.date(2027, 3, 31),
        "SHOP-12",
        "gate.yaml:18",
    )
    assert (written.exclude, written.manifests) == (["vendor/"], ["deploy/*.yaml"])
    assert (written.honour_foreign_ignores, written.inline_exemptions) == (True, "forbid")
    assert written.custom_resources[0].pod_spec == "spec.template.spec"
    assert written.digest is not None and written.digest.startswith("sha256:")


def test_gate_yaml_is_found_upwards(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find(below) is None
    (tmp_path / "gate.yaml").write_text("version: 1\nenvironment: dev\n")
    assert find(below) == tmp_path / "gate.yaml"
    (tmp_path / "a" / "gate.yaml").write_text("version: 1\n")
    assert find(below) == tmp_path / "a" / "gate.yaml"
    found = load(start=below, catalogue=RULES, defaults=DEFAULTS)
    assert (found.written.root, found.named(None)) == (tmp_path / "a", "prod")
    named = load(start=below, catalogue=RULES, defaults=DEFAULTS, path=tmp_path / "gate.yaml")
    assert (named.written.root, named.named(None)) == (tmp_path, "dev")


def test_without_a_file_the_root_is_where_gate_runs(tmp_path: Path) -> None:
    found = load(start=tmp_path, catalogue=RULES, defaults=DEFAULTS)
    assert (found.written.root, found.written.path, found.written.digest) == (tmp_path, None, None)


@pytest.mark.parametrize("what", ["folder", "missing", "loop"])
def test_a_gate_yaml_that_is_no_file_is_one_clear_error(tmp_path: Path, what: str) -> None:
    path = tmp_path / "gate.yaml"
    if what == "folder":
        path.mkdir()
    elif what == "loop":
        path.symlink_to(path)
    reasons = {
        "folder": "it is a directory",
        "missing": "there is no such file",
        "loop": "it is a loop of symbolic links",
    }
    with pytest.raises(SettingsError) as caught:
        load(start=tmp_path, catalogue=RULES, defaults=DEFAULTS, path=path)
    assert str(caught.value) == f"{path}: cannot be read: {reasons[what]}"


def test_without_a_catalogue_what_is_said_of_rules_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "gate.yaml"
    path.write_text("version: 1\nrules: {whatever: deny}\napproved_bases: [x]\nregistries: [{host: ghcr.io}]\n")
    written = read(path, None)
    assert (written.rules, written.registries) == ({}, [Registry(host="ghcr.io")])


# --- GATE_* -----------------------------------------------------------------------------------------------------


def test_variables_are_read_from_the_mapping_that_is_passed_in() -> None:
    environ = {
        "GATE_CONFIG": "a",
        "GATE_ENV": "dev",
        "GATE_OUTPUT": "",
        "GATE_OFFLINE": "1",
        "NO_COLOR": "1",
        "HOME": "/",
    }
    assert read_environ(environ) == Variables(config="a", env="dev", offline=True, no_color=True)
    assert read_environ({}) == Variables()
    with pytest.raises(SettingsError, match="GATE_OFFLINE"):
        read_environ({"GATE_OFFLINE": "maybe"})


# --- with the shipped policy -----------------------------------------------------------------------------------


def test_every_shipped_rule_has_all_its_parameters_in_every_environment() -> None:
    bundle = load_bundle()
    found = load(start=Path("/nonexistent"), catalogue=bundle.catalogue, defaults=bundle.defaults)
    missing = {
        (name, environment)
        for name, one in bundle.catalogue.items()
        for environment in ("prod", "dev", "other")
        if set(found.parameters(name, environment)) != set(one.parameters)
    }
    assert missing == set()


def test_the_published_schema_is_that_of_the_shipped_rules() -> None:
    path = Path(__file__).parents[2] / "docs" / "schemas" / "gate.yaml.schema.json"
    assert json.loads(path.read_text()) == schema(load_bundle().catalogue), "run docs/schemas/generate.py"


def _plain(text: str) -> Any:
    """YAML as an editor reads it; days stay text."""

    class Loader(yaml.SafeLoader):
        """A loader without days."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith("timestamp")]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(text, Loader)


ACCEPTED = [
    "version: 1",
    "version: 1\nrules: {non-root: deny, max-size: {level: warn, uncompressed: 300MB}}",
    "version: 1\napproved_bases: [scratch, {image: alpine, tags: ['3.*'], max_age: 90d}]",
    "version: 1\nrules: {no-shell: {roles: {ephemeral: deny}}, max-size: {growth: 10%, compressed: null}}",
    "version: 1\nexemptions: [{rule: no-shell, paths: [a], reason: r, owner: o, expires: 2027-01-01, ticket: 12}]",
    "version: 1\nenvironments: [{name: prod, namespaces: ['*'], rules: {no-shell: warn}, undecided: warn}]",
    "version: 1\nbuilds: [{path: Dockerfile, args: {A: ''}}]\nregistries: [{host: ghcr.io, insecure: true}]",
]
REFUSED = [
    "{}",
    "version: 2",
    "version: 1\nrulse: {}",
    "version: 1\nrules: {non-root: off}",
    "version: 1\nrules: {nonroot: deny}",
    "version: 1\nrules: {max-size: {uncompressed: 300}}",
    "version: 1\nrules: {non-root: {build_args: 'no'}}",
    "version: 1\napproved_bases: [{image: python, tags: [3.10]}]",
    "version: 1\nexemptions: [{rule: no-shell, paths: [a], reason: r, owner: o}]",
    "version: 1\nexemptions: [{rule: no-shell, reason: r, owner: o, expires: 2027-01-01}]",
    "version: 1\nbuilds: [{target: x}]",
]


@pytest.mark.parametrize(("text", "fine"), [(t, True) for t in ACCEPTED] + [(t, False) for t in REFUSED])
def test_the_schema_and_the_reader_agree(text: str, fine: bool) -> None:
    validator = jsonschema.Draft202012Validator(schema(RULES))
    assert validator.is_valid(_plain(text)) is fine
    if fine:
        parse_settings(text.encode(), Path("gate.yaml"), RULES)
    else:
        with pytest.raises(SettingsError):
            parse_settings(text.encode(), Path("gate.yaml"), RULES)


def test_every_example_of_the_manual_is_accepted() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    rules = load_bundle().catalogue
    assert len(examples) == 5
    for example in examples:
        parse_settings(example.encode(), Path("gate.yaml"), rules)
        assert jsonschema.Draft202012Validator(schema(rules)).is_valid(_plain(example))
