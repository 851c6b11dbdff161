"""The commands about who is told of what: hushes of stories, and why somebody was told or not.

A part of the command line: it parses arguments, calls, and decides nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service import logs
from service.settings import Settings, load_settings

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; by default the login name.")]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, kept in the log.")]
Lasts = Annotated[str, typer.Option("--for", metavar="TIME", help="How long: 90m, 12h, 2d, 1w.")]
OnlyFor = Annotated[
    str | None, typer.Option("--subscription", metavar="NAME", help="For one subscription; by default all.")
]
Story = Annotated[str, typer.Argument(metavar="STORY", help="The id of a story.")]


watchlists_app = typer.Typer(help="Companies, people, tickers and keywords that subscriptions name.")
subscriptions_app = typer.Typer(help="Who hears of what: those that the ledger keeps.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Its name.")]
File = Annotated[Path | None, typer.Argument(help="Where to; none: standard output.")]


def add_commands(app: typer.Typer, stories_app: typer.Typer) -> None:
    """Puts the commands of this file where they belong."""
    for name, command in (
        ("ack", stories_ack),
        ("mute", stories_mute),
        ("snooze", stories_snooze),
        ("hushes", stories_hushes),
    ):
        stories_app.command(name)(command)
    app.command("why")(why)
    app.command("apply")(apply)
    app.add_typer(watchlists_app, name="watchlists", no_args_is_help=True)
    app.add_typer(subscriptions_app, name="subscriptions", no_args_is_help=True)


def stories_ack(
    story: Story, lasts: Lasts = "", subscription: OnlyFor = None, by: By = "", why: Why = ""
) -> None:
    """Seen: no alert on the story until its status changes. What happens in it is kept all the same."""
    _quiet("ack", story, lasts, subscription, by, why)


def stories_mute(
    story: Story, lasts: Lasts = "", subscription: OnlyFor = None, by: By = "", why: Why = ""
) -> None:
    """No alert on the story any more. What happens in it is kept and shown all the same."""
    _quiet("mute", story, lasts, subscription, by, why)


def stories_snooze(
    story: Story, lasts: Lasts = "", subscription: OnlyFor = None, by: By = "", why: Why = ""
) -> None:
    """No alert on the story for a while, by default a day."""
    _quiet("snooze", story, lasts, subscription, by, why)


def stories_hushes() -> None:
    """List what was acknowledged, muted and snoozed, by whom, until when, and what of it was undone."""
    from workers.hushing import list_hushes

    list_hushes(_settings())


def why(
    asked: Annotated[str, typer.Argument(metavar="ITEM|STORY|ALERT", help="The id of any of these.")],
    subscription: Annotated[
        str | None, typer.Option("--subscription", metavar="NAME", help="For one; by default all.")
    ] = None,
) -> None:
    """Show which stages an item, a story or an alert passed, and which one stopped it."""
    from workers.why import show_why

    show_why(_settings(), asked, subscription)


def apply(
    file: Annotated[Path, typer.Argument(help="TOML, as `subscriptions export` writes it.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would change.")] = False,
) -> None:
    """Make watchlists and subscriptions of the ledger those of a file: all of them, or none."""
    from workers.subscribing import apply_file

    apply_file(_settings(), file, dry=dry_run)


@watchlists_app.command("list")
def watchlists_list() -> None:
    """List the watchlists."""
    from workers.subscribing import list_watchlists

    list_watchlists(_settings())


@watchlists_app.command("show")
def watchlists_show(name: Name) -> None:
    """Show a watchlist with its aliases."""
    from workers.subscribing import show

    show(_settings(), "watchlist", name)


@watchlists_app.command("set")
def watchlists_set(
    name: Name,
    entries: Annotated[
        list[str],
        typer.Argument(metavar="ENTRY...", help="[person:|ticker:|keyword:]NAME[=ALIAS,ALIAS]"),
    ],
) -> None:
    """Make a watchlist hold these entries: `"Ford=福特" ticker:F "keyword:joint venture=合资"`."""
    from service.audience_changes import with_watchlist
    from workers.subscribing import edit, watchlist_of

    edit(_settings(), with_watchlist(watchlist_of(name, entries)))


@watchlists_app.command("remove")
def watchlists_remove(name: Name) -> None:
    """Remove a watchlist that no subscription names."""
    from service.audience_changes import without_watchlist
    from workers.subscribing import edit

    edit(_settings(), without_watchlist(name))


@subscriptions_app.command("list")
def subscriptions_list() -> None:
    """List who hears of what: those of the settings and those of the ledger."""
    from workers.subscribing import list_subscriptions

    list_subscriptions(_settings())


@subscriptions_app.command("show")
def subscriptions_show(name: Name) -> None:
    """Show a subscription of the ledger."""
    from workers.subscribing import show

    show(_settings(), "subscription", name)


@subscriptions_app.command("set")
def subscriptions_set(
    name: Name,
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIELD=VALUE...", help="Lists with commas; empty: the default."),
    ] = None,
) -> None:
    """Make a subscription, or change these fields of it: `watchlists=cars channels=desk languages=en,zh`."""
    from workers.subscribing import set_subscription

    set_subscription(_settings(), name, fields or [])


@subscriptions_app.command("pause")
def subscriptions_pause(name: Name) -> None:
    """Tell a subscription nothing until it is resumed; what it would have been told is kept as a reason."""
    from service.audience_changes import paused
    from workers.subscribing import edit

    edit(_settings(), paused(name))


@subscriptions_app.command("resume")
def subscriptions_resume(name: Name) -> None:
    """Tell a subscription again, from now on."""
    from service.audience_changes import paused
    from workers.subscribing import edit

    edit(_settings(), paused(name, off=True))


@subscriptions_app.command("remove")
def subscriptions_remove(name: Name) -> None:
    """Remove a subscription. What it was told stays."""
    from service.audience_changes import without_subscription
    from workers.subscribing import edit

    edit(_settings(), without_subscription(name))


@subscriptions_app.command("export")
def subscriptions_export(file: File = None) -> None:
    """Write watchlists and subscriptions of the ledger as TOML, for `rumorwatch apply`."""
    from workers.subscribing import export

    export(_settings(), file)


def _quiet(act: str, story: str, lasts: str, subscription: str | None, by: str, why: str) -> None:
    from getpass import getuser

    from service.core.hushes import HushAct
    from workers.hushing import Asked, quiet_story

    quiet_story(_settings(), Asked(HushAct(act), story, lasts, subscription, why), by or getuser())


def _settings() -> Settings:
    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level)
    return settings
