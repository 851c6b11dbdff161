"""The commands that keep a ledger: parses arguments, nothing more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from service.settings import Settings
from workers import delivery_commands

Load = Callable[[], Settings]
Target = Annotated[str, typer.Argument(metavar="FILE", help="Where to; - for standard output.")]
Source = Annotated[str, typer.Argument(metavar="FILE", help="What `backup` wrote; - for standard input.")]


def add_commands(app: typer.Typer, load: Load) -> None:
    """Adds the commands to `app`; `load` reads the settings when one of them runs."""
    _add_backup(app, load)
    _add_restore(app, load)
    _add_retention(app, load)
    _add_export(app, load)
    _add_reread(app, load)
    _add_latency(app, load)
    app.add_typer(_deliveries(load), name="deliveries", no_args_is_help=True)


def _add_backup(app: typer.Typer, load: Load) -> None:
    @app.command()
    def backup(file: Target) -> None:
        """Write the whole ledger to a file, as it is at this moment; the service may go on meanwhile."""
        from workers.keeping import back_up

        back_up(load(), file)


def _add_restore(app: typer.Typer, load: Load) -> None:
    @app.command()
    def restore(
        file: Source,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the backup, write nothing.")] = False,
        force: Annotated[
            bool, typer.Option("--force", help="Replace a ledger that is not empty; it is backed up before.")
        ] = False,
        hold_deliveries: Annotated[
            bool,
            typer.Option(
                "--hold-deliveries",
                help="Send nothing that was on its way, until `deliveries release`: for a copy beside a "
                "service that still runs. Without it, what was on its way is sent.",
            ),
        ] = False,
    ) -> None:
        """Fill an empty ledger from a backup, of either kind of database: the same stories and alerts."""
        from workers.keeping import Asked, restore as restore_backup

        restore_backup(load(), file, Asked(dry_run, force, hold_deliveries))


def _add_retention(app: typer.Typer, load: Load) -> None:
    @app.command()
    def retention(
        dry_run: Annotated[
            bool, typer.Option("--dry-run", help="Say what would go, remove nothing.")
        ] = False,
    ) -> None:
        """Remove what is older than the settings keep it; the service does so by itself at night."""
        from workers.retaining import retain

        retain(load(), dry_run=dry_run)


def _add_export(app: typer.Typer, load: Load) -> None:
    @app.command()
    def export(
        what: Annotated[
            str,
            typer.Argument(
                metavar="stories|alerts|items|statements|columns",
                help="Which table; `columns` prints what stands in each.",
            ),
        ],
        file: Annotated[str, typer.Argument(metavar="[FILE]", help="Where to; - for standard output.")] = "-",
        since: Annotated[
            str | None, typer.Option(metavar="TIME", help="Only what is not older (ISO 8601).")
        ] = None,
        form: Annotated[
            str | None,
            typer.Option("--format", metavar="jsonl|csv", help="By default as FILE ends, else jsonl."),
        ] = None,
    ) -> None:
        """Write rows for a notebook or a spreadsheet: JSON Lines, or CSV that runs no formula."""
        from workers.exporting import export_rows, print_columns

        if what == "columns":
            print_columns()
        else:
            export_rows(load(), what, file, since, form)


def _add_reread(app: typer.Typer, load: Load) -> None:
    @app.command()
    def reread(
        since: Annotated[
            str | None, typer.Option(metavar="TIME", help="Only items told then or later (ISO 8601).")
        ] = None,
        apply: Annotated[bool, typer.Option("--apply", help="Change it, not only show it.")] = False,
        everything: Annotated[
            bool, typer.Option("--all", help="Also what the present rules read already.")
        ] = False,
    ) -> None:
        """Read past items anew under the present rules and show what would change; alerts nobody."""
        from workers.rereading import reread as reread_items

        reread_items(load(), since, apply=apply, everything=everything)


def _add_latency(app: typer.Typer, load: Load) -> None:
    @app.command()
    def latency(
        within: Annotated[
            str, typer.Option("--within", metavar="SPAN", help="Of the alerts of the last 90m, 12h, 2d.")
        ] = "1d",
        jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a line, for programs.")] = False,
    ) -> None:
        """Show how long alerts took from publication to delivery, stage by stage, against the goal."""
        from workers.latency_shown import show_latency

        show_latency(load(), within, jsonl=jsonl)


def _deliveries(load: Load) -> typer.Typer:
    deliveries = typer.Typer(help="What was sent by which channel, what became of it, and sending it again.")
    delivery_commands.add_commands(deliveries, load)

    @deliveries.command("held")
    def held() -> None:
        """List what `restore --hold-deliveries` held."""
        from workers.keeping import list_held

        list_held(load())

    @deliveries.command("release")
    def release() -> None:
        """Send what is held, from now on."""
        from workers.keeping import release_held

        release_held(load())

    @deliveries.command("drop")
    def drop() -> None:
        """Give up what is held; it stays visible as given up."""
        from workers.keeping import drop_held

        drop_held(load())

    return deliveries
