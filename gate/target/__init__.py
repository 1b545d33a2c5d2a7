"""Targets: what the arguments of gate mean, which files a directory holds, and how they are read safely.

>>> for target in plan(["services"], settings.written, cwd=Path.cwd()).targets:  # doctest: +SKIP
...     data = read(target)
"""

from __future__ import annotations

from gate.target.classify import classify, is_dockerfile, is_manifest, shown
from gate.target.model import STDIN, Kind, Plan, Target
from gate.target.plan import plan
from gate.target.read import LARGEST_DOCKERFILE, LARGEST_MANIFEST, IgnoreFile, ignore_file, ignore_patterns, read
from gate.target.search import search

__all__ = [
    "LARGEST_DOCKERFILE",
    "LARGEST_MANIFEST",
    "STDIN",
    "IgnoreFile",
    "Kind",
    "Plan",
    "Target",
    "classify",
    "ignore_file",
    "ignore_patterns",
    "is_dockerfile",
    "is_manifest",
    "plan",
    "read",
    "search",
    "shown",
]
