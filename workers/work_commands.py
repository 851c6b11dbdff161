"""The commands `work`: parses arguments, nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from service.settings import Settings

Load = Callable[[], Settings]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; by default the login name.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, shown with it.")]
Within = Annotated[str, typer.Option("--within", metavar="TIME", help="How long to wait at most: 5m, 1h.")]


def add_commands(app: typer.Typer, load: Load) -> None:
    """Adds the commands to `app`; `load` reads the settings when one of them runs."""
    work = typer.Typer(help="Pause all workers of this ledger, wait until they hold nothing, let them go on.")
    app.add_typer(work, name="work", no_args_is_help=True)

    @work.command("pause")
    def pause(by: By = "", why: Why = "") -> None:
        """Let workers finish what they hold and take nothing new, whatever restarts. Polling goes on."""
        from workers.pausing import pause

        pause(load(), by, why)

    @work.command("drain")
    def drain(by: By = "", why: Why = "", within: Within = "2m") -> None:
        """Pause, and wait until no worker holds anything; exit status 1: something is still held."""
        from workers.pausing import drain

        raise typer.Exit(0 if drain(load(), by, why, within) else 1)

    @work.command("resume")
    def resume(by: By = "", why: Why = "") -> None:
        """Let workers take what is due again, at once."""
        from workers.pausing import resume

        resume(load(), by, why)

    @work.command("status")
    def status() -> None:
        """Show whether work is paused, by whom and why, what waits and what is held."""
        from workers.pausing import show

        show(load())
