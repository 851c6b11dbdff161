"""A first line as a subscription wants it: words with rooms in braces, `{party} denies {claim}`.

Only the names of ROOMS stand for anything: no attributes, no indexes, no formats, so a template can name
nothing that an alert does not say. It is checked when it is written, and filled when it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter

ROOMS = (
    "who",
    "party",
    "speaker",
    "stance",
    "strength",
    "claim",
    "outlet",
    "status",
    "event",
    "after",
    "subscription",
)
LONGEST = 200


def check(template: str) -> None:
    """ValueError, in words that name it, for a room that there is not, or braces that do not fit."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise ValueError("has a brace without its other one: write {{ or }} for a brace itself") from None
    if len(template) > LONGEST or not template.isprintable():
        raise ValueError(f"must be one line of at most {LONGEST} printable characters")
    for _, room, form, turn in parts:
        if room is not None and room not in ROOMS:
            raise ValueError(
                f"names the field {room[:40]!r}, which there is not; there are {', '.join(ROOMS)}"
            )
        if form or turn:
            raise ValueError(f"gives the field {room!r} a format, which is not taken: write {{{room}}}")


def filled(template: str, rooms: Mapping[str, str]) -> str:
    """The template with its rooms filled; one that does not fit any more is shown as it stands."""
    try:
        check(template)
    except ValueError:
        return template
    return template.format_map(dict(rooms))
