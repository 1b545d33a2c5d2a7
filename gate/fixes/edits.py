"""Which rules have edits, and what they propose. A proposal may be wrong: `gate.fixes.apply` tries it first."""

from __future__ import annotations

from collections.abc import Iterator

from gate.fixes import keywords, packages, programs, starts, users
from gate.fixes.context import Context, Proposal
from gate.fixes.source import Edit

_RULES: dict[str, Proposal] = {
    "apk-virtual": packages.virtual,
    "apt-not-aptget": packages.apt,
    "arg-unused": keywords.without_argument,
    "base-pinned": starts.pinned,
    "casing": keywords.casing,
    "clean-lang-cache": packages.lang_cache,
    "clean-os-cache": packages.os_cache,
    "copy-from-index": keywords.stage_by_name,
    "copy-multi-slash": keywords.slash,
    "copy-not-add": keywords.copy_for_add,
    "dev-dependencies": programs.runtime_only,
    "empty-continuation": keywords.no_blank_lines,
    "env-format": keywords.equals_sign,
    "exec-form": starts.exec_form,
    "no-dist-upgrade": packages.dist_upgrade,
    "no-maintainer": keywords.label_for_maintainer,
    "no-recommends": packages.no_recommends,
    "no-sudo": programs.sudo,
    "non-interactive": packages.yes,
    "non-root": users.user,
    "pipefail": programs.pipefail,
    "pkg-signature": programs.signatures,
    "platform-const": keywords.without_platform,
    "port-valid": keywords.port,
    "single-instruction": keywords.without_it,
    "tls-verify": programs.tls,
    "undefined-variable": keywords.argument_declared,
    "unstripped-binary": programs.stripped,
    "update-alone": keywords.joined,
    "user-numeric": users.number,
    "useradd-l": programs.useradd,
    "wget-quiet": programs.wget,
    "workdir-absolute": starts.absolute,
}

FIXABLE = frozenset(_RULES)
"""Rules that have an edit in some cases; `decisions` says in which."""


def proposals(context: Context) -> Iterator[Edit]:
    """Edits that may settle a finding, the best first; none where the rule has none for it."""
    found = _RULES.get(context.finding.rule)
    if found is not None and context.finding.status == "violation" and context.line:
        yield from found(context)
