"""The command `rumorwatch`: parses arguments, calls, prints. Nothing is decided here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from service import logs
from service.errors import RumorwatchError, SettingsError
from service.settings import Settings, load_settings

app = typer.Typer(
    name="rumorwatch",
    help="Watches feeds for rumors and their denials, and alerts the moment a denial lands.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Files = Annotated[list[Path] | None, typer.Argument(help="Files or folders; none: standard input.")]
Rows = Annotated[bool, typer.Option("--jsonl", help="One JSON object a line, for programs.")]


@app.command()
def run() -> None:
    """Start the service: polls the feeds, serves the page and, without Redis, does the work."""
    from workers.processes import run_service

    run_service(_settings())


@app.command()
def worker() -> None:
    """Do a service's work on this machine, woken through RUMORWATCH_REDIS_URL."""
    from workers.processes import run_worker

    run_worker(_settings())


@app.command()
def read(files: Files = None, jsonl: Rows = False) -> None:
    """Read items (JSON Lines) into statements: who says what of which claim, how firmly, in which words."""
    from workers.reading import read_files

    raise typer.Exit(read_files(files or [], jsonl=jsonl))


@app.command()
def replay(
    paths: Files = None,
    jsonl: Rows = False,
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="Stop the clock there (ISO 8601).")
    ] = None,
    watchlist: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Track only these: a name a line, or TOML.")
    ] = None,
    clock: Annotated[bool, typer.Option("--clock", help="Tell events of time too.")] = False,
) -> None:
    """Run the whole pipeline over items, feed files or folders, in time order, in an empty store."""
    from workers.replaying import replay_paths

    raise typer.Exit(
        replay_paths(paths or [], jsonl=jsonl, as_of=as_of, watchlist=watchlist, clock_events=clock)
    )


@app.command()
def explain(
    given: Annotated[
        list[str] | None, typer.Argument(help="Files, ids of items, or texts; none: standard input.")
    ] = None,
) -> None:
    """Show a text with what the reader sees in it, and why a tempting phrase was not taken."""
    from workers.explaining import explain as explain_given

    raise typer.Exit(explain_given(given or []))


@app.command()
def feeds() -> None:
    """List the feeds of this service's ledger and how they are."""
    from workers.feed_list import list_feeds

    list_feeds(_settings())


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    print(installed("rumorwatch"))


def _settings() -> Settings:
    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level)
    return settings


def main() -> None:
    """Runs the command; a failure of ours is one sentence on standard error, exit status 1 (2: a setting)."""
    try:
        app()
    except SettingsError as error:
        sys.exit(_fail(error, 2))
    except RumorwatchError as error:
        sys.exit(_fail(error, 1))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away: nothing to complain about
        sys.stderr.close()
        sys.exit(0)


def _fail(error: RumorwatchError, status: int) -> int:
    print(f"rumorwatch: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
