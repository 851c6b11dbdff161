"""A text with marks on it, cut where any begins or ends: for whoever shows what was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class TextMark:
    """A stretch of a text, from `start` to `end` in code points, under a short label."""

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch in which no mark begins or ends.

    `labels` are those that lie on it, the widest first; `opens` those that begin with it, `closes` those that
    end with it, the innermost first.
    """

    text: str
    labels: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    closes: tuple[str, ...] = ()


def runs(text: str, marks: Sequence[TextMark]) -> tuple[Run, ...]:
    """`text` whole, in runs. Marks may overlap; what lies outside the text is cut off, empty ones too."""
    inside = [TextMark(m.label, max(0, m.start), min(len(text), m.end)) for m in marks]
    inside = sorted((m for m in inside if m.start < m.end), key=lambda m: (m.start, -m.end))
    cuts = sorted({0, len(text), *(m.start for m in inside), *(m.end for m in inside)})
    return tuple(_run(text, start, end, inside) for start, end in pairwise(cuts))


def _run(text: str, start: int, end: int, marks: Sequence[TextMark]) -> Run:
    on = [m for m in marks if m.start <= start and end <= m.end]
    return Run(
        text=text[start:end],
        labels=tuple(m.label for m in on),
        opens=tuple(m.label for m in on if m.start == start),
        closes=tuple(m.label for m in reversed(on) if m.end == end),
    )
