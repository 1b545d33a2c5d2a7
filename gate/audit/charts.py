"""Charts of the audit's page as inline SVG. What they show is beside them as text, so readers are told by that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gate.audit.html_parts import e, size

_WIDTH, _HEIGHT = 900, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 112, 12, 26
_LONGEST_TREND = 60


def trend_chart(points: Sequence[tuple[str, int, int]]) -> str:
    """Denied and undecided subjects over runs: (when, denied, undecided), the oldest first."""
    points = points[-_LONGEST_TREND:]
    top = _round_up(max(1, *(max(denied, undecided) for _, denied, undecided in points)))
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(points) - 1)
    denied, undecided = [point[1] for point in points], [point[2] for point in points]

    def height(value: float) -> float:
        return _TOP + (_HEIGHT - _BOTTOM - _TOP) * (1 - value / top)

    def line(values: Sequence[int], kind: str) -> str:
        path = " ".join(f"{_LEFT + at * step:.1f},{height(value):.1f}" for at, value in enumerate(values))
        marks = "".join(
            _mark(kind, _LEFT + at * step, height(value), f"{points[at][0]}: {value:,} {kind}")
            for at, value in enumerate(values)
        )
        return f'<polyline class="line {kind}" points="{path}"/>{marks}'

    grid = "".join(
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{height(value):.1f}" y2="{height(value):.1f}"/>'
        f'<text x="{_LEFT - 8}" y="{height(value) + 4:.1f}" text-anchor="end">{value:,}</text>'
        for value in sorted({0, top // 2, top})
    )
    days = (
        f'<text x="{_LEFT}" y="{_HEIGHT - 4}">{e(points[0][0])}</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 4}" text-anchor="end">{e(points[-1][0])}</text>'
    )
    return (
        f'<svg class="trend" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{_told(points)}">'
        f"{grid}{days}{line(undecided, 'undecided')}{line(denied, 'denied')}"
        f"{_ends(denied[-1], undecided[-1], height)}</svg>"
    )


def _told(points: Sequence[tuple[str, int, int]]) -> str:
    first, last = points[0], points[-1]
    return e(
        f"Over {len(points)} runs from {first[0]} to {last[0]}: denied subjects from {first[1]} to {last[1]}, "
        f"undecided ones from {first[2]} to {last[2]}."
    )


def _ends(denied: int, undecided: int, height: Callable[[float], float]) -> str:
    """The last values beside the lines, apart from each other."""
    one, two = height(denied) + 4, height(undecided) + 4
    if abs(one - two) < 14:
        one, two = (min(one, two) - 7, min(one, two) + 7) if denied >= undecided else (one + 7, two - 7)
    x = _WIDTH - _RIGHT + 8
    return (
        f'<text class="deny" x="{x}" y="{one:.1f}">{denied:,} denied</text>'
        f'<text class="undecided" x="{x}" y="{two:.1f}">{undecided:,} undecided</text>'
    )


def _mark(kind: str, x: float, y: float, title: str) -> str:
    """Round for denied, square for undecided: told apart without colours."""
    text = f"<title>{e(title)}</title>"
    if kind == "denied":
        return f'<circle class="mark denied" cx="{x:.1f}" cy="{y:.1f}" r="3">{text}</circle>'
    return f'<rect class="mark undecided" x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6">{text}</rect>'


def _round_up(value: int) -> int:
    """The next even number of one or two digits and zeros."""
    step = 1
    while value > 20 * step:
        step *= 10
    return -(-value // (2 * step)) * 2 * step


def layer_bar(layers: Sequence[tuple[str, int, str]], below: int, largest: int, *, titles: bool = True) -> str:
    """An image as a bar of its layers, lowest first: (digest, bytes, created_by).

    The first ``below`` layers are those of its base. ``largest`` is what the whole width stands for, in bytes.
    ``titles``: each layer says what it is under the pointer; left out where a table says it.
    """
    x, rects = 0.0, []
    for position, (digest, count, created_by) in enumerate(layers):
        width = count / max(1, largest) * _WIDTH
        whose = "base" if position < below else f"own{position % 2}"
        title = f"layer {position + 1}, {size(count)}, {digest[:19]}: {created_by}"
        told = f"<title>{e(title, 240)}</title>" if titles else ""
        rects.append(f'<rect class="{whose}" x="{x:.1f}" width="{max(width, 0.8):.1f}" height="16">{told}</rect>')
        x += width
    inside = "".join(rects)
    return f'<svg class="bar" viewBox="0 0 {_WIDTH} 16" preserveAspectRatio="none" aria-hidden="true">{inside}</svg>'


def share_bar(parts: Sequence[tuple[str, int]]) -> str:
    """Parts of a whole side by side: (kind, count)."""
    whole, x, rects = max(1, sum(number for _, number in parts)), 0.0, []
    for kind, number in parts:
        width = number / whole * 100
        if number:
            rects.append(f'<rect class="{kind}" x="{x:.2f}" width="{width:.2f}" height="6"/>')
        x += width
    return (
        '<svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        + "".join(rects)
        + "</svg>"
    )
