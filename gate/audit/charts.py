"""Charts of the audit's page as inline SVG, each with its numbers as text for readers that do not see it."""

from __future__ import annotations

import html
from collections.abc import Sequence

_WIDTH, _HEIGHT = 900, 180
_LEFT, _BOTTOM = 46, 24
_ROW = 34


def trend_chart(points: Sequence[tuple[str, int, int]]) -> str:
    """Denied and undecided subjects over runs: (day, denied, undecided), the oldest first."""
    points = points[-60:]
    top = max(1, *(max(denied, undecided) for _, denied, undecided in points))
    step = (_WIDTH - _LEFT - 10) / max(1, len(points) - 1)

    def at(position: int, value: int) -> str:
        return f"{_LEFT + position * step:.1f},{(_HEIGHT - _BOTTOM) * (1 - value / top) + 8:.1f}"

    def line(values: Sequence[int], color: str) -> str:
        path = " ".join(at(position, value) for position, value in enumerate(values))
        dots = "".join(
            f'<circle cx="{at(p, v).split(",")[0]}" cy="{at(p, v).split(",")[1]}" r="2.5" fill="var({color})"/>'
            for p, v in enumerate(values)
        )
        return f'<polyline points="{path}" fill="none" stroke="var({color})" stroke-width="2"/>{dots}'

    first, last = points[0][0], points[-1][0]
    summary = "; ".join(f"{day}: {denied} denied, {undecided} undecided" for day, denied, undecided in points[-12:])
    base = _HEIGHT - _BOTTOM + 8
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + 10}" role="img" aria-label="Denied and undecided subjects over time. '
        f'{_e(summary)}"><line class="axis" x1="{_LEFT}" y1="{base}" x2="{_WIDTH}" y2="{base}"/>'
        f'<text x="{_LEFT - 6}" y="14" text-anchor="end">{top}</text>'
        f'<text x="{_LEFT - 6}" y="{base}" text-anchor="end">0</text>'
        f'<text x="{_LEFT}" y="{_HEIGHT + 6}">{_e(first)}</text>'
        f'<text x="{_WIDTH - 4}" y="{_HEIGHT + 6}" text-anchor="end">{_e(last)}</text>'
        f"{line([denied for _, denied, _ in points], '--deny')}{line([u for _, _, u in points], '--undecided')}</svg>"
        '<p class="dim"><span class="deny">●</span> denied &nbsp; <span class="undecided">●</span> undecided</p>'
    )


def layers_chart(images: Sequence[tuple[str, Sequence[tuple[str, int, str]]]]) -> str:
    """Images as bars of their layers, lowest first: (name, [(digest, bytes, created_by)])."""
    largest = max(1, *(sum(size for _, size, _ in layers) for _, layers in images))
    rows, texts = [], []
    for index, (name, layers) in enumerate(images):
        y, x = index * _ROW, 0.0
        total = sum(size for _, size, _ in layers)
        rows.append(f'<text x="0" y="{y + 12}">{_e(name[:110])}: {total / 1e6:,.0f} MB</text>')
        for position, (digest, size, created_by) in enumerate(layers):
            width = size / largest * _WIDTH
            title = f"layer {position + 1}: {size / 1e6:,.1f} MB {digest[:19]} {created_by[:200]}"
            shade = 0.35 + 0.65 * ((position % 4) / 3)
            rows.append(
                f'<rect x="{x:.1f}" y="{y + 16}" width="{max(width, 0.5):.1f}" height="12" fill="var(--bar)" '
                f'fill-opacity="{shade:.2f}"><title>{_e(title)}</title></rect>'
            )
            x += width
        texts.append(f"{name}: {total / 1e6:,.0f} MB in {len(layers)} layers")
    height = len(images) * _ROW
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Largest images and their layers. '
        f'{_e("; ".join(texts))}">{"".join(rows)}</svg>'
    )


def _e(value: str) -> str:
    return html.escape(value, quote=True)
