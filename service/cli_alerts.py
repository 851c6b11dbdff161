"""The commands about who is told of what: hushes of stories, and why somebody was told or not.

A part of the command line: it parses arguments, calls, and decides nothing.
"""

from __future__ import annotations

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


def _quiet(act: str, story: str, lasts: str, subscription: str | None, by: str, why: str) -> None:
    from getpass import getuser

    from service.core.hushes import HushAct
    from workers.hushing import Asked, quiet_story

    quiet_story(_settings(), Asked(HushAct(act), story, lasts, subscription, why), by or getuser())


def _settings() -> Settings:
    settings = load_settings()
    logs.configure(settings.log_format, settings.log_level)
    return settings
