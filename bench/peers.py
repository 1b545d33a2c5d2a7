"""The tools gate is measured beside: conftest (tests/tools), hadolint and checkov (environments of their own)."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONFTEST = ROOT / "tests" / "tools" / "bin" / "conftest"
PLACE = ROOT / "build" / "peers"

# The policy as conftest takes it: the same rules, asked for in the shape it knows.
_SHIM = """\
package main

deny contains message if {
\tsome finding in data.gate.main.report.findings
\tmessage := finding.message
}
"""


def python_tool(package: str, program: str) -> Path:
    """A program of a package, in an environment of its own below build/peers."""
    home = PLACE / program
    path = home / "bin" / program
    if not path.exists():
        venv.create(home, with_pip=True)
        subprocess.run([home / "bin" / "python", "-m", "pip", "install", "--quiet", package], check=True)
    return path


def version(path: Path, *arguments: str) -> str:
    """The first line a program says of its version."""
    done = subprocess.run([path, *(arguments or ("--version",))], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()[0]


def conftest_policy(folder: Path) -> Path:
    """gate's whole policy as a conftest policy folder."""
    target = folder / "policy"
    for path in sorted((ROOT / "policies").rglob("*.rego")):
        if not path.name.endswith("_test.rego"):
            copy = target / path.relative_to(ROOT / "policies")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    (target / "shim.rego").write_text(_SHIM, encoding="utf-8")
    return target


def documents(dockerfiles: list[Path], folder: Path) -> list[Path]:
    """The document that gate's engines get for each Dockerfile, as JSON files for conftest."""
    from gate.cli.collectors import Broken, collect
    from gate.cli.session import Asked, open_session
    from gate.target import Target

    session = open_session(Asked())
    rules = session.settings.resolve("prod", "dockerfile")
    tail = {
        "parameters": {rule: use.parameters for rule, use in rules.items()},
        "rules": {rule: session.bundle.catalogue[rule].document() for rule in rules},
    }
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    import msgspec

    for path in dockerfiles:
        target = Target(kind="dockerfile", text=path.name, name=path.name, path=path)
        for subject in collect(session, target):
            if isinstance(subject, Broken):
                raise RuntimeError(f"{path} does not build: {subject.error.message}")
            out = folder / f"{path.name}.json"
            out.write_text(json.dumps({"evidence": msgspec.to_builtins(subject), **tail}), encoding="utf-8")
            written.append(out)
    session.close()
    return written


def gate_command() -> list[str]:
    """gate of this checkout."""
    return [sys.executable, "-m", "gate"]


def rules() -> int:
    """How many rules judge a Dockerfile."""
    from gate.cli.session import Asked, open_session

    return len(open_session(Asked()).settings.resolve("prod", "dockerfile"))
