"""What the audit's page is made of: escaped text, links, tables, figures as people read them.

Every text from outside goes through `e`: escaped, on one line, bounded, and kept from turning its neighbours around.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import html
from collections.abc import Sequence

from gate.audit.model import AuditResult
from gate.report import plain

LONGEST = 400


class Markup(str):
    """HTML made here; anything else that goes into a cell is text and is escaped."""

    __slots__ = ()


def e(value: object, longest: int = LONGEST) -> str:
    """Text as HTML."""
    return html.escape(plain.line(str(value), longest), quote=True)


def bdi(value: object, longest: int = LONGEST) -> Markup:
    """Text from outside whose direction stays its own."""
    return Markup(f"<bdi>{e(value, longest)}</bdi>")


def code(value: object, longest: int = LONGEST) -> Markup:
    """An id, a digest, a path."""
    short = ' class="id"' if len(str(value)) <= 32 else ""
    return Markup(f"<code{short}>{bdi(value, longest)}</code>")


def page_id(result: AuditResult) -> str:
    """The page of a subject: what runs from one image and the image itself have one together."""
    return id_of(result.digest if result.digest and result.kind in {"container", "image"} else result.key)


def id_of(key: str) -> str:
    """An id for any key; nothing of the key is in it."""
    return "p-" + hashlib.sha256(key.encode()).hexdigest()[:12]


def size(count: int | None) -> str:
    """Bytes as people read them: decimal, as docker prints them."""
    if count is None:
        return ""
    for unit, divisor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= divisor:
            return f"{count / divisor:,.1f} {unit}" if count < 10 * divisor else f"{count / divisor:,.0f} {unit}"
    return f"{count} B"


def age(days: int | None) -> str:
    """Days as a person would say them."""
    if days is None:
        return ""
    if days < 60:
        return f"{days} day{'' if days == 1 else 's'}"
    if days < 730:
        return f"{round(days / 30.44)} months"
    return f"{days / 365.25:.1f} years"


def days_since(day: str | None, today: str) -> int | None:
    """Whole days between two dates; None where either is none."""
    try:
        return (dt.date.fromisoformat(today[:10]) - dt.date.fromisoformat((day or "")[:10])).days
    except ValueError:
        return None


def tag(kind: str, text: str | None = None) -> Markup:
    """A verdict or level, by colour and by word."""
    known = kind if kind in {"deny", "undecided", "pass", "warn"} else "plain"
    return Markup(f'<span class="tag {known}">{e(text or kind)}</span>')


def count(number: int, one: str, many: str | None = None) -> str:
    """``1 image``, ``1,204 images``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def section(name: str, title: str, body: str, lead: str = "") -> str:
    """A part of the page under a heading; nothing where there is no body."""
    if not body:
        return ""
    text = f'<p class="dim">{lead}</p>' if lead else ""
    return f'<section aria-labelledby="{name}"><h2 id="{name}" tabindex="-1">{e(title)}</h2>{text}{body}</section>'


def table(label: str, heads: Sequence[str], rows: Sequence[Sequence[object]], *, wide: Sequence[int] = ()) -> str:
    """A table that scrolls by itself where it is too wide. Whole numbers are set right, `Markup` as it is.

    ``wide``: columns that may take what room there is.
    """
    if not rows:
        return ""

    def numeric(column: int) -> bool:
        return all(isinstance(row[column], int) for row in rows)

    def cell(value: object) -> str:
        if isinstance(value, int):
            return f'<td class="num">{value:,}</td>' if value else '<td class="num zero">0</td>'
        return f"<td>{value if isinstance(value, Markup) else bdi(value)}</td>"

    def head(column: int, name: str) -> str:
        kind = "num" if numeric(column) else "wide" if column in wide else ""
        return f'<th scope="col"{f" class={kind}" if kind else ""}>{name}</th>'

    tops = "".join(head(column, name) for column, name in enumerate(heads))
    body = "".join(f"<tr>{''.join(cell(value) for value in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll" role="region" aria-label="{e(label)}" tabindex="0"><table><thead><tr>{tops}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def more(left_out: int, what: str) -> str:
    """That a list is longer than what is shown."""
    return f'<p class="dim">and {count(left_out, what)} more; the JSON report has all.</p>' if left_out > 0 else ""
