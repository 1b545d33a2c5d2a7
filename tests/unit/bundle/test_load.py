"""Loading the policy: shipped rules, custom rules, and their revision."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from gate.bundle import load as loading
from gate.bundle.load import load
from gate.errors import PolicyError

MINE = """\
# METADATA
# title: Mine
# description: A rule of our own.
# custom:
#   severity: low
#   kinds: [dockerfile]
#   needs: [base]
#   fix: Do it differently.
#   parameters:
#     most: {type: integer, description: The most., default: 3}
package custom.mine

violations contains {"origin": null, "message": "m"} if input.evidence
"""


def _write(folder: Path, text: str = MINE, name: str = "mine.rego") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder


def _shipped(tmp_path: Path) -> Path:
    return Path(shutil.copytree(loading.shipped(), tmp_path / "policies"))


def test_the_shipped_policy_loads() -> None:
    bundle = load()
    assert {"non-root", "no-shell", "approved-base", "max-size"} <= set(bundle.catalogue)
    assert list(bundle.catalogue) == sorted(bundle.catalogue)
    assert bundle.revision.startswith("sha256:") and len(bundle.revision) == 71
    assert "policies/main.rego" in bundle.modules
    assert not [path for path in bundle.modules if path.endswith("_test.rego")]
    assert "http.send" not in bundle.builtins and "sprintf" in bundle.builtins


def test_a_custom_rule_joins_with_defaults(tmp_path: Path) -> None:
    bundle = load([_write(tmp_path / "a")])
    assert bundle.catalogue["custom/mine"].title == "Mine"
    assert bundle.custom_modules == {str(tmp_path / "a" / "mine.rego"): MINE}
    assert bundle.defaults["rules"]["custom/mine"] == {
        "levels": {"prod": "deny", "dev": "warn"},
        "parameters": {"most": 3},
    }


def test_custom_tests_and_other_files_are_left_out(tmp_path: Path) -> None:
    folder = _write(tmp_path / "a")
    _write(folder, "package custom.mine_test\n", "mine_test.rego")
    _write(folder, "not rego", "README.md")
    _write(folder / ".git", "not rego", "x.rego")
    assert list(load([folder]).custom_modules) == [str(folder / "mine.rego")]


def test_the_revision_is_of_the_text_and_not_of_where_it_lies(tmp_path: Path) -> None:
    here, there = load([_write(tmp_path / "a")]), load([_write(tmp_path / "b" / "c")])
    assert here.revision == there.revision != load().revision
    assert load([_write(tmp_path / "a", MINE + "\n# more\n")]).revision != here.revision


def test_the_revision_changes_with_the_defaults(tmp_path: Path) -> None:
    root = _shipped(tmp_path)
    assert load(root=root).revision == load().revision
    (root / "defaults.yaml").write_text((root / "defaults.yaml").read_text() + "\n# changed\n")
    assert load(root=root).revision != load().revision


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (MINE.replace("custom.mine", "gate.rules.mine"), 11, "package gate.rules.mine is not for custom policies"),
        (MINE.replace("custom.mine", "main"), 11, "package main is not for custom policies"),
        (MINE.replace("custom.mine", "custom.mine.more"), 11, "is not for custom policies"),
        (MINE.replace("custom.mine", "system.authz"), 11, "is not for custom policies"),
        ("violations := 1\n", 1, "no package line"),
        (MINE.replace("#   needs: [base]\n", ""), 5, "lacks `needs`"),
    ],
)
def test_other_packages_and_broken_metadata_are_refused(tmp_path: Path, text: str, line: int, words: str) -> None:
    folder = _write(tmp_path / "a", text)
    with pytest.raises(PolicyError) as caught:
        load([folder])
    assert (caught.value.where, words in str(caught.value)) == (f"{folder / 'mine.rego'}:{line}", True)


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="rule custom/mine is also in"):
        load([_write(tmp_path / "a"), _write(tmp_path / "b")])


def test_bad_files_are_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no such directory"):
        load([tmp_path / "nowhere"])
    (_write(tmp_path / "bin") / "x.rego").write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyError, match="not UTF-8"):
        load([tmp_path / "bin"])
    (_write(tmp_path / "big") / "x.rego").write_bytes(b"#" * (2 << 20))
    with pytest.raises(PolicyError, match="larger than 1 MiB"):
        load([tmp_path / "big"])
    (_write(tmp_path / "dir") / "x.rego").symlink_to(tmp_path / "absent")
    with pytest.raises(PolicyError, match="cannot be read"):
        load([tmp_path / "dir"])


def test_a_rule_in_the_wrong_folder_is_refused(tmp_path: Path) -> None:
    root = _shipped(tmp_path)
    (root / "rules" / "non-root").rename(root / "rules" / "other")
    with pytest.raises(PolicyError, match=r'the package here is gate.rules\["other"\]'):
        load(root=root)


def test_a_rule_needs_its_row_of_defaults(tmp_path: Path) -> None:
    root = _shipped(tmp_path)
    text = (root / "defaults.yaml").read_text()
    (root / "defaults.yaml").write_text(text.replace("  non-root:\n", "  no-root:\n"))
    with pytest.raises(PolicyError, match=r"defaults\.yaml has no row for non-root"):
        load(root=root)
    shutil.rmtree(root / "rules" / "non-root")
    with pytest.raises(PolicyError, match="names a rule that is not there: no-root"):
        load(root=root)


@pytest.mark.parametrize("prepared", [None, b"", b"{", b'{"revision": "sha256:old", "rules": {}, "defaults": {}}'])
def test_a_prepared_catalogue_is_used_only_for_the_policy_it_was_made_of(
    tmp_path: Path, prepared: bytes | None
) -> None:
    root = _shipped(tmp_path)
    fresh = loading.prepare(root)
    (root / "catalogue.json").write_bytes(fresh)
    quick = load(root=root)
    if prepared is None:
        (root / "catalogue.json").unlink()
    else:
        (root / "catalogue.json").write_bytes(prepared)
    assert load(root=root) == quick
    (root / "catalogue.json").write_bytes(fresh)
    rule = root / "rules" / "non-root" / "non_root.rego"
    rule.write_text(rule.read_text().replace("severity: high", "severity: low"))
    assert load(root=root).catalogue["non-root"].severity == "low"


def test_a_prepared_catalogue_spares_yaml(tmp_path: Path) -> None:
    root = _shipped(tmp_path)
    (root / "catalogue.json").write_bytes(loading.prepare(root))
    code = (
        "import sys\nfrom pathlib import Path\nfrom gate.bundle.load import load\n"
        f"load(root=Path({str(root)!r}))\nprint('yaml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_manifest_owns_what_the_modules_are_in() -> None:
    roots = json.loads((loading.shipped() / ".manifest").read_text())["roots"]
    assert roots == ["gate", "custom"]
