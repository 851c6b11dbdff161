"""The commands `channels` and `outfeeds`: parses arguments, nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from service.settings import Settings

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
