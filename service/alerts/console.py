"""Alerts on the terminal: for whoever just typed `make run`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TextIO

import rich.console
import rich.text

from service.alerts.render import View, view
from service.alerts.transport import Sent
from service.core.messages import Told


class ConsoleTransport:
    """Writes the first line, the quotations and the story's address. It has nobody to wait for."""

    def __init__(self, name: str, write: Callable[[str], None], base_url: str) -> None:
        self.name = name
        self._write = write
        self._base_url = base_url

    async def send(self, delivery_id: str, message: Told, at: datetime) -> Sent:
        """Write the message in one call of `write`, so that lines of others do not come between."""
        self._write(_lines(view(message, self._base_url)))
        return Sent(status=None, answer="written")


def _lines(shown: View) -> str:
    quoted = [
        line for side in shown.sides for line in (f"  {side.heading} ({side.source})", f"    {side.text}")
    ]
    timing = [f"  {shown.timing}"] if shown.timing else []
    listed = [f"  * {entry.headline}" for entry in shown.entries]
    unlisted = [f"  and {shown.unlisted} more"] if shown.unlisted else []
    return "\n".join([shown.headline, *timing, *quoted, *listed, *unlisted, f"  {shown.page}"])


def writer(stream: TextIO) -> Callable[[str], None]:
    """A `write` for `stream`: the first line in bold where a person watches, plain lines elsewhere."""
    console = rich.console.Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def write(text: str) -> None:
        first, _, rest = text.partition("\n")
        # Text.assemble takes words as words: brackets in a title are no markup.
        console.print(rich.text.Text.assemble((first, "bold"), f"\n{rest}\n" if rest else "\n"))
        stream.flush()

    return write
