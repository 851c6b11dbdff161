"""The commands on what was set aside, pieces of feeds and items: parses arguments, nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from service.settings import Settings

Load = Callable[[], Settings]
Piece = Annotated[str, typer.Argument(metavar="ID", help="The id of a piece in quarantine, q_...")]
OfFeed = Annotated[str | None, typer.Argument(metavar="FEED", help="Of this feed only.")]
OneItem = Annotated[str | None, typer.Argument(metavar="ITEM", help="One item; none: with --all.")]
All = Annotated[bool, typer.Option("--all", help="All that was set aside.")]
Rows = Annotated[bool, typer.Option("--jsonl", help="One JSON object a line, for programs.")]


def add_commands(app: typer.Typer, feeds_app: typer.Typer, load: Load) -> None:
    """Adds `quarantine` to both; `load` reads the settings when one of the commands runs."""
    app.add_typer(_of_items(load), name="quarantine", no_args_is_help=True)
    feeds_app.add_typer(_of_feeds(load), name="quarantine")


def _of_items(load: Load) -> typer.Typer:
    items = typer.Typer(help="List what was set aside because it could not be read; try it again.")

    @items.command("list")
    def list_(jsonl: Rows = False) -> None:
        """List the items that were set aside, each with the reason."""
        from workers.quarantine import list_set_aside

        list_set_aside(load(), jsonl=jsonl)

    @items.command("retry")
    def retry_(item: OneItem = None, every: All = False) -> None:
        """Let what was set aside be tried anew, from the beginning."""
        from workers.quarantine import retry

        retry(load(), item, every=every)

    return items


def _of_feeds(load: Load) -> typer.Typer:
    pieces = typer.Typer(help="What of the feeds could not be read: list it, show it, try it again.")

    @pieces.callback(invoke_without_command=True)
    def quarantine(context: typer.Context) -> None:
        """What of the feeds could not be read, kept as it came: list it, show it, try it again."""
        if context.invoked_subcommand is None:
            list_()

    @pieces.command("list")
    def list_(feed: OfFeed = None) -> None:
        """List what was put aside, and why."""
        from workers.feed_quarantine import list_pieces

        list_pieces(load(), feed)

    @pieces.command("show")
    def show(piece: Piece) -> None:
        """Write the bytes of a piece to standard output, as they came."""
        from workers.feed_quarantine import show_piece

        show_piece(load(), piece)

    @pieces.command("retry")
    def retry_(piece: Piece) -> None:
        """Read a piece anew, as after an upgrade; what it holds is stored as history and alerts nobody."""
        from workers.feed_quarantine import retry_piece

        retry_piece(load(), piece)

    return pieces
