"""A picture of a run: for each workload a bar for every entry, as SVG. Short is good."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

LABEL, BAR, VALUE = 270, 420, 150
ROW, HEAD, GAP = 18, 26, 14
CUT = 10
"""A bar that would be longer than so many times our shortest is cut off there."""
COLOURS = {"ours": "#2563eb", "limit": "#9ca3af", "other": "#d97706"}
STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#374151}.title{font-weight:600}"
    "@media(prefers-color-scheme:dark){text{fill:#d1d5db}}"
)


@dataclass(frozen=True)
class Bar:
    """One entry: how long its bar is and what stands behind it."""

    name: str
    value: float
    shown: str
    kind: str


@dataclass(frozen=True)
class Group:
    """One workload."""

    title: str
    bars: list[Bar]


def plain(title: str) -> str:
    """A title without the marks of Markdown."""
    return title.replace("`", "")


def svg(groups: list[Group]) -> str:
    """The picture. Each group has a scale of its own."""
    parts, top = [], GAP
    for group in groups:
        longest = max((bar.value for bar in group.bars), default=0) or 1
        if ours := [bar.value for bar in group.bars if bar.kind == "ours" and bar.value > 0]:
            longest = min(longest, CUT * min(ours))
        parts.append(f'<text class="title" x="{GAP}" y="{top + 13}">{escape(plain(group.title))}</text>')
        top += HEAD
        for bar in group.bars:
            width = min(max(bar.value, 0) / longest, 1.0) * BAR
            shown = f"\N{RIGHTWARDS ARROW} {bar.shown}" if bar.value > longest else bar.shown
            middle = top + 12
            parts.append(f'<text x="{LABEL - 8}" y="{middle}" text-anchor="end">{escape(bar.name)}</text>')
            parts.append(
                f'<rect x="{LABEL}" y="{top + 2}" width="{max(width, 1):.1f}" height="{ROW - 5}" rx="2" '
                f'fill="{COLOURS[bar.kind]}"/>'
            )
            parts.append(f'<text x="{LABEL + width + 6:.1f}" y="{middle}">{escape(shown)}</text>')
            top += ROW
        top += GAP
    size = f'width="{LABEL + BAR + VALUE}" height="{top}" viewBox="0 0 {LABEL + BAR + VALUE} {top}"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img"><style>{STYLE}</style>\n{body}\n</svg>\n'
