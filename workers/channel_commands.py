"""The commands `channels` and `outfeeds`: parses arguments, nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from service.core.outfeeds import OutKind
from service.settings import Settings

About = Annotated[
    OutKind, typer.Argument(metavar="story|watchlist|subscription|search", help="What it is about.")
]
Subject = Annotated[
    list[str], typer.Argument(metavar="SUBJECT", help="An id, a name, or the words to look for.")
]
Load = Callable[[], Settings]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of a channel of the settings.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, shown with it.")]
Overlap = Annotated[
    str, typer.Option("--overlap", metavar="TIME", help="How long the old one signs too; 0: not at all.")
]
Back = Annotated[bool, typer.Option("--back", help="Let the settings' secrets sign alone again.")]


def add_commands(app: typer.Typer, load: Load) -> None:
    """Adds the commands to `app`; `load` reads the settings when one of them runs."""
    app.add_typer(_channels(load), name="channels", no_args_is_help=True)
    app.add_typer(_outfeeds(load), name="outfeeds", no_args_is_help=True)


def _channels(load: Load) -> typer.Typer:
    channels = typer.Typer(help="How channels stand; test one, turn it on or off, give it a new secret.")

    @channels.command("list")
    def list_() -> None:
        """List the channels and how they stand."""
        from workers.channels import list_channels

        list_channels(load())

    @channels.command("show")
    def show(name: Name) -> None:
        """Show where a channel leads, how it stands and who is told by it."""
        from workers.channels import show_channel

        show_channel(load(), name)

    @channels.command("test")
    def test(name: Name) -> None:
        """Send a test and show what the receiver answered, and in which time; exit status 1: not taken."""
        from workers.channels import send_test

        raise typer.Exit(0 if send_test(load(), name) else 1)

    _add_changes(channels, load)
    return channels


def _add_changes(channels: typer.Typer, load: Load) -> None:
    @channels.command("enable")
    def enable(name: Name) -> None:
        """Send to a channel again: what waited for it, and what was given up when it was turned off."""
        from workers.channels import enable_channel

        enable_channel(load(), name)

    @channels.command("disable")
    def disable(name: Name, why: Why = "") -> None:
        """Send nothing to a channel until it is enabled; what comes for it waits."""
        from workers.channels import disable_channel

        disable_channel(load(), name, why)

    @channels.command("rotate")
    def rotate(name: Name, overlap: Overlap = "1d", back: Back = False) -> None:
        """Give a webhook a new secret; for a while the old one signs beside it."""
        from workers.channels import rotate_back, rotate_secret

        if back:
            rotate_back(load(), name)
        else:
            rotate_secret(load(), name, overlap)


def _outfeeds(load: Load) -> typer.Typer:
    outfeeds = typer.Typer(help="Atom and JSON Feed for others, each at an address that nobody can guess.")

    @outfeeds.command("add")
    def add(about: About, subject: Subject) -> None:
        """Make a feed and show its addresses, this once."""
        from workers.outfeeds import add_outfeed

        add_outfeed(load(), about, " ".join(subject))

    @outfeeds.command("list")
    def list_() -> None:
        """List the feeds; their addresses are not kept."""
        from workers.outfeeds import list_outfeeds

        list_outfeeds(load())

    @outfeeds.command("revoke")
    def revoke(feed: Annotated[str, typer.Argument(metavar="ID", help="The id of a feed, of_...")]) -> None:
        """Let nobody read a feed any more: its address answers 410."""
        from workers.outfeeds import revoke_outfeed

        revoke_outfeed(load(), feed)

    return outfeeds
