"""`make demo`: one build in full, then every example as one line, before and after."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
GATE = [sys.executable, "-m", "gate"]
SHOWN = "go-single"
COLORS = {"denied": "31", "passes": "32", "undecided": "35"}
WORDS = {"deny": "denied", "pass": "passes", "undecided": "undecided"}

Build = dict[str, Any]
Key = tuple[str, str | None]


def main() -> int:
    """Exit 0 when every verdict is the one of expected.yaml."""
    builds: list[Build] = yaml.safe_load((HERE / "expected.yaml").read_text(encoding="utf-8"))["builds"]
    shown = [build for build in builds if not is_repaired(build)]
    repaired = [build for build in builds if is_repaired(build)]
    print(f"$ gate check examples/{SHOWN}/Dockerfile\n", flush=True)
    subprocess.run([*GATE, "check", f"examples/{SHOWN}/Dockerfile"], cwd=HERE.parent, check=False)
    print("\nEvery build that the articles show, what is left to fix, and its repaired twin:\n")
    results = judge({build.get("target") for build in builds})
    print_table(shown, results)
    denied = [build for build in shown if results[key(build)]["verdict"] == "deny"]
    passing = [build for build in repaired if results[key(build)]["verdict"] == "pass"]
    print(f"\n{len(shown)} builds as shown: {len(denied)} denied, {len(shown) - len(denied)} pass.")
    print(f"{len(repaired)} repaired twins: {len(passing)} pass.")
    print("\nNext: gate explain no-shell, gate facts examples/go-alpine/Dockerfile, gate check in a project of yours.")
    wrong = [build for build in builds if results[key(build)]["verdict"] != build["verdict"]]
    for build in wrong:
        print(f"not as expected: {name(build)} {results[key(build)]['verdict']}", file=sys.stderr)
    return 1 if wrong else 0


def print_table(shown: list[Build], results: dict[Key, Any]) -> None:
    """One line per build as shown: its verdict, the rules that deny it, the verdict of its twin."""
    width = max(len(name(build)) for build in shown)
    for build in shown:
        before, after = results[key(build)], results[f"{build['example']}/Dockerfile.fixed", None]
        left = dict.fromkeys(finding["rule"] for finding in before["findings"] if finding["level"] == "deny")
        text = ", ".join(left) or "nothing"
        print(f"  {name(build):<{width}}  {verdict(before)}  {text:<43} {'repaired:':<9} {verdict(after)}")


def judge(targets: set[str | None]) -> dict[Key, Any]:
    """The results of gate over every example, by file and target stage."""
    results = {}
    for target in targets:
        option = ["--target", target] if target else []
        files = sorted(
            str(path)
            for path in HERE.glob("*/Dockerfile*")
            if path.suffix != ".dockerignore" and (not target or f"AS {target}" in path.read_text())
        )
        done = subprocess.run(
            [*GATE, "check", "-o", "json", "--exit-zero", *option, *files], cwd=HERE, capture_output=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr.decode() or f"gate left with exit code {done.returncode}")
        for result in json.loads(done.stdout)["results"]:
            results[result["subject"]["name"].removeprefix("examples/"), target] = result
    return results


def key(build: Build) -> Key:
    """The file below examples/, and the target stage."""
    return f"{build['example']}/{build.get('file', 'Dockerfile')}", build.get("target")


def name(build: Build) -> str:
    """The example, with what tells this build of it from the others."""
    variant = build.get("file", "Dockerfile").removeprefix("Dockerfile")
    return build["example"] + variant + (f" --target {build['target']}" if build.get("target") else "")


def is_repaired(build: Build) -> bool:
    """Whether a build is a repaired twin."""
    return bool(build.get("file", "").endswith(".fixed"))


def verdict(result: Any) -> str:
    """The verdict in a word, coloured on a terminal."""
    word = WORDS[result["verdict"]]
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return f"{word:<9}"
    return f"\x1b[{COLORS[word]}m{word:<9}\x1b[0m"


if __name__ == "__main__":
    sys.exit(main())
