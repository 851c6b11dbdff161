"""What all chats tell alike, in the language of the message: the grid, and the lines that end it."""

from __future__ import annotations

from service.alerts.render import View
from service.alerts.tongue import Tongue


def grid_lines(shown: View, tongue: Tongue) -> list[str]:
    """Who says what, a line for each party."""
    return [
        f"{tongue.say('grid_line', party=row.party, stance=row.stance)}, {row.when}" for row in shown.grid
    ]


def closing_lines(shown: View, tongue: Tongue, left: int = 0) -> list[str]:
    """How many are not told here, who else carries it, how the story stands, and why somebody gets it."""
    more = [tongue.say("more_on_page", count=left)] if left else []
    status = [shown.status] if shown.status else []
    return [*more, *shown.backing, *status, tongue.say("why_line", why=shown.why)]
