"""The command `rumorwatch`: parses arguments, calls, prints. Nothing is decided here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service import cli_alerts, logs
from service.errors import RumorwatchError, SettingsError
from service.settings import Settings, load_settings
from workers import channel_commands, keeping_commands, quarantine_commands, token_commands, work_commands

if TYPE_CHECKING:
    from workers.curating import Decided, Desk

app = typer.Typer(
    name="rumorwatch",
    help="Watches feeds for rumors and their denials, and alerts the moment a denial lands.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

review_app = typer.Typer(help="Decide what may belong to a story and alerts nobody until then.")
stories_app = typer.Typer(help="List and show stories, and correct them: each correction can be undone.")
decisions_app = typer.Typer(help="What was decided about stories, as a log that only grows.")
feeds_app = typer.Typer(help="List the feeds and how they are; import, export and find some.")
for name, sub in (("review", review_app), ("stories", stories_app), ("decisions", decisions_app)):
    app.add_typer(sub, name=name, no_args_is_help=True)
app.add_typer(feeds_app, name="feeds")
cli_alerts.add_commands(app, stories_app)

Files = Annotated[list[Path] | None, typer.Argument(help="Files or folders; none: standard input.")]
Rows = Annotated[bool, typer.Option("--jsonl", help="One JSON object a line, for programs.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; by default the login name.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, kept in the log.")]
Story = Annotated[str, typer.Argument(metavar="STORY", help="The id of a story.")]
Said = Annotated[str, typer.Argument(metavar="ITEM[#N]", help="An item, or its statement number N.")]
FeedUrl = Annotated[str, typer.Argument(metavar="URL", help="Address of a feed, or the path of a file.")]
FeedId = Annotated[str, typer.Argument(metavar="ID", help="The id of a feed, as `feeds list` shows it.")]
Question = Annotated[str, typer.Argument(metavar="ID", help="An id of the review list.")]


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
    decisions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Honour these: what `decisions export` wrote.")
    ] = None,
    subscription: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Say what this one would have told; by default everything."),
    ] = None,
) -> None:
    """Run the whole pipeline over items, feed files or folders, in time order, in an empty store."""
    from workers.replaying import Asked, replay_paths

    asked = Asked(jsonl, as_of, watchlist, clock, decisions, subscription)
    raise typer.Exit(replay_paths(paths or [], asked))


@app.command()
def explain(
    given: Annotated[
        list[str] | None, typer.Argument(help="Files, ids of items, or texts; none: standard input.")
    ] = None,
    claim: Annotated[
        str | None,
        typer.Option(help="Also say what the learned score makes of this claim."),
    ] = None,
) -> None:
    """Show a text with what the reader sees in it, and why a tempting phrase was not taken."""
    from workers.explaining import explain as explain_given

    raise typer.Exit(explain_given(given or [], claim))


@feeds_app.callback(invoke_without_command=True)
def feeds(context: typer.Context) -> None:
    """List the feeds of this service's ledger and how they are; or import, export and find some."""
    if context.invoked_subcommand is None:
        feeds_list()


@feeds_app.command("list")
def feeds_list() -> None:
    """List the feeds of this service's ledger and how they are."""
    from workers.feed_list import list_feeds

    list_feeds(_settings())


@feeds_app.command("import")
def feeds_import(
    given: Annotated[str, typer.Argument(metavar="FILE|pack:NAME", help="OPML; - for standard input.")],
) -> None:
    """Add the feeds of an OPML list or a starter pack to those that are polled: all of them, or none."""
    from workers.feed_files import import_feeds

    import_feeds(_settings(), given)


@feeds_app.command("export")
def feeds_export(
    file: Annotated[Path | None, typer.Argument(help="Where to; none: standard output.")] = None,
) -> None:
    """Write the feeds of the settings and the imported ones as OPML, with all that is set for them."""
    from workers.feed_files import export_feeds

    export_feeds(_settings(), file)


@feeds_app.command("packs")
def feeds_packs() -> None:
    """List the starter packs that `feeds import pack:NAME` takes."""
    from workers.feed_files import list_packs

    list_packs()


@feeds_app.command("find")
def feeds_find(
    url: Annotated[str, typer.Argument(metavar="URL", help="Address of a page, or of a site.")],
    jsonl: Rows = False,
) -> None:
    """Find the feeds that a page links or that its site has where most have them; each is fetched once."""
    from workers.feed_finding import find

    raise typer.Exit(find(_settings(), url, jsonl=jsonl))


@feeds_app.command("add")
def feeds_add(
    url: FeedUrl,
    outlet: Annotated[str, typer.Option(metavar="NAME", help="Shown for its items.")] = "",
    minutes: Annotated[
        float | None,
        typer.Option(metavar="N", help="Between two polls; not set: as fits its news."),
    ] = None,
    lang: Annotated[str | None, typer.Option(metavar="LANG", help="Language of its items.")] = None,
) -> None:
    """Poll a feed from now on, beside those of the settings."""
    from workers.feed_care import Asked, add_feed

    add_feed(_settings(), Asked(url, outlet, minutes, lang))


@feeds_app.command("test")
def feeds_test(url: FeedUrl) -> None:
    """Fetch a feed once and show what would be stored; nothing is."""
    from workers.feed_care import try_feed

    try_feed(_settings(), url)


@feeds_app.command("pause")
def feeds_pause(feed: FeedId, why: Why = "") -> None:
    """Do not poll a feed until it is resumed."""
    from workers.feed_care import pause_feed

    pause_feed(_settings(), feed, why)


@feeds_app.command("resume")
def feeds_resume(feed: FeedId, why: Why = "") -> None:
    """Poll a feed again, at once, whatever paused it."""
    from workers.feed_care import resume_feed

    resume_feed(_settings(), feed, why)


@feeds_app.command("remove")
def feeds_remove(
    feed: FeedId, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Poll a feed no more; what it brought stays, and adding it again brings it back with its history."""
    from workers.feed_change import remove_feed

    if not remove_feed(_settings(), feed, (lambda _: True) if yes else typer.confirm):
        raise typer.Exit(1)


@feeds_app.command("set")
def feeds_set(
    feed: FeedId,
    every: Annotated[str, typer.Option(metavar="SPAN|auto", help="90s, 10m, 2h; auto: as the settings say.")],
) -> None:
    """Poll a feed at an interval of your own, and hear whether its publisher asks for another."""
    from workers.feed_change import set_feed

    set_feed(_settings(), feed, every)


@feeds_app.command("explain")
def feeds_explain(feed: FeedId) -> None:
    """Show why a feed is polled as often as it is, its last answers and what befell it."""
    from workers.feed_care import explain_feed

    explain_feed(_settings(), feed)


@review_app.command("list")
def review_list(jsonl: Rows = False) -> None:
    """List what waits for a decision, with the reasons for and against."""
    from workers.desk import list_doubts

    list_doubts(_settings(), jsonl=jsonl)


@review_app.command("join")
def review_join(question: Question, by: By = "", why: Why = "") -> None:
    """It belongs to the story: it counts from now on, and alerts."""
    _decide(by, lambda desk: desk.join(question, why))


@review_app.command("refuse")
def review_refuse(question: Question, by: By = "", why: Why = "") -> None:
    """It is another story; the two are never joined again."""
    _decide(by, lambda desk: desk.refuse(question, why))


@stories_app.command("list")
def stories_list(jsonl: Rows = False) -> None:
    """List the stories, the latest moved first."""
    from workers.desk import list_stories

    list_stories(_settings(), jsonl=jsonl)


@stories_app.command("show")
def stories_show(story: Story) -> None:
    """Show a story's parties and timeline, each statement with the name that the commands take."""
    from workers.desk import show_story

    show_story(_settings(), story)


@stories_app.command("merge")
def stories_merge(story: Story, into: Story, by: By = "", why: Why = "") -> None:
    """Two stories are one, which keeps the second id."""
    _decide(by, lambda desk: desk.merge(story, into, why))


@stories_app.command("split")
def stories_split(
    story: Story,
    items: Annotated[list[str], typer.Argument(metavar="ITEM...", help="What leaves the story.")],
    by: By = "",
    why: Why = "",
) -> None:
    """What these items say leaves the story and is one of its own."""
    _decide(by, lambda desk: desk.split(story, items, why))


@stories_app.command("move")
def stories_move(said: Said, into: Story, by: By = "", why: Why = "") -> None:
    """A statement, or all that an item says, belongs to another story."""
    _decide(by, lambda desk: desk.move(said, into, why))


@stories_app.command("rename")
def stories_rename(story: Story, name: str, by: By = "", why: Why = "") -> None:
    """Show the story under a name of your own."""
    _decide(by, lambda desk: desk.rename(story, name, why))


@stories_app.command("wrong")
def stories_wrong(said: Said, by: By = "", why: Why = "") -> None:
    """A statement, or all that an item says, was read wrongly and counts for nothing."""
    _decide(by, lambda desk: desk.wrong(said, why))


@stories_app.command("undo")
def stories_undo(
    decision: Annotated[
        str, typer.Argument(metavar="ID", help="The id of a decision, d_..., or of a hush, h_...")
    ],
    by: By = "",
    why: Why = "",
) -> None:
    """Take a decision back (an undo too can be undone), or an ack, mute or snooze."""
    if decision.startswith("h_"):
        from workers.hushing import unquiet_story

        unquiet_story(_settings(), decision, _login(by), why)
    else:
        _decide(by, lambda desk: desk.undo(decision, why))


@decisions_app.command("list")
def decisions_list() -> None:
    """List what was decided, by whom and why, and what of it was undone."""
    from workers.desk import list_decisions

    list_decisions(_settings())


@decisions_app.command("export")
def decisions_export(
    file: Annotated[Path | None, typer.Argument(help="Where to; none: standard output.")] = None,
) -> None:
    """Write the log of decisions as JSON Lines, for `rumorwatch replay --decisions FILE`."""
    from workers.desk import export_decisions

    export_decisions(_settings(), file)


def _decide(by: str, act: Callable[[Desk], Decided]) -> None:
    from workers.desk import decide

    decide(_settings(), _login(by), act)


def _login(by: str) -> str:
    from getpass import getuser

    return by or getuser()


@app.command()
def records(jsonl: Rows = False) -> None:
    """Show what came of the rumors that outlets told, and how the denials of parties lasted."""
    from workers.track_records import show_records

    show_records(_settings(), jsonl=jsonl)


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    print(installed("rumorwatch"))


def _settings() -> Settings:
    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level)
    return settings


keeping_commands.add_commands(app, _settings)
channel_commands.add_commands(app, _settings)
work_commands.add_commands(app, _settings)
quarantine_commands.add_commands(app, feeds_app, _settings)
token_commands.add_commands(app, _settings)


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
