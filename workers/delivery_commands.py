"""The commands about deliveries: parses arguments, nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from service.core.model import DeliveryState
from service.settings import Settings

Load = Callable[[], Settings]
Channel = Annotated[str | None, typer.Option("--channel", metavar="NAME", help="Only of this channel.")]
State = Annotated[DeliveryState | None, typer.Option("--state", help="Only those that stand so.")]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="ISO 8601, or how long ago: 90m, 12h, 2d.")
]
Begin = Annotated[
    str, typer.Option("--since", metavar="TIME", help="ISO 8601, or how long ago: 90m, 12h, 2d.")
]
Most = Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many lines at most.")]
Rows = Annotated[bool, typer.Option("--jsonl", help="One JSON object a line, for programs.")]
Which = Annotated[str, typer.Argument(metavar="ID", help="A delivery, msg_..., or an alert, a_....")]
Dead = Annotated[bool, typer.Option("--dead", help="Only what was given up.")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")]


def add_commands(deliveries: typer.Typer, load: Load) -> None:
    """Adds the commands to `deliveries`; `load` reads the settings when one of them runs."""
    _add_looks(deliveries, load)
    _add_repeats(deliveries, load)


def _add_looks(deliveries: typer.Typer, load: Load) -> None:
    @deliveries.command("list")
    def list_deliveries(
        channel: Channel = None,
        state: State = None,
        since: Since = None,
        most: Most = 50,
        jsonl: Rows = False,
    ) -> None:
        """List what was to be sent, the newest first, with the last answer to each."""
        from workers.delivery_care import Asked, show_list

        show_list(load(), Asked(channel, state, since, most, jsonl))

    @deliveries.command("dead")
    def dead(channel: Channel = None, since: Since = None, most: Most = 50, jsonl: Rows = False) -> None:
        """List what was given up, the newest first, with the reason."""
        from workers.delivery_care import Asked, show_list

        show_list(load(), Asked(channel, DeliveryState.DEAD, since, most, jsonl))

    @deliveries.command("show")
    def show(asked: Which) -> None:
        """Show a delivery, or all those of an alert, with every attempt."""
        from workers.delivery_care import show_one

        show_one(load(), asked)

    @deliveries.command("log")
    def log(channel: Channel = None, most: Most = 50, jsonl: Rows = False) -> None:
        """Show the attempts, the latest first: when, by which channel, the answer, how long it took."""
        from workers.delivery_care import Asked, show_log

        show_log(load(), Asked(channel, None, None, most, jsonl))

    @deliveries.command("channels")
    def channels() -> None:
        """Show what each channel carried, and how those stand that fail."""
        from workers.delivery_care import show_channels

        show_channels(load())


def _add_repeats(deliveries: typer.Typer, load: Load) -> None:
    @deliveries.command("resend")
    def resend(asked: Which) -> None:
        """Send a delivery, or all those of an alert, again, under the same webhook-id."""
        from workers.delivery_care import resend_one

        resend_one(load(), asked)

    @deliveries.command("replay")
    def replay(since: Begin, channel: Channel = None, dead: Dead = False, dry_run: Dry = False) -> None:
        """Send again all that was delivered or given up since a time, each under the id it had."""
        from workers.delivery_care import Replayed, replay_since

        replay_since(load(), Replayed(since, channel, dead, dry_run))
