"""The commands `tokens add`, `list` and `revoke`: who may look at the desk, and who may change things."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import closing
from secrets import token_urlsafe
from typing import Annotated

import typer

from service import wiring
from service.alerts.words import moment
from service.errors import InputError
from service.settings import Settings
from service.store.access import digest_of

Load = Callable[[], Settings]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Who or what it is for; the log of the desk says it.")
]
Edit = Annotated[bool, typer.Option("--edit", help="It may change things too; without, it only reads.")]
_FIT = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_PREFIX = "rw_"


def add_commands(app: typer.Typer, load: Load) -> None:
    """Adds `tokens`; `load` reads the settings when one of its commands runs."""
    tokens = typer.Typer(help="Tokens of people and programs that use the desk.")

    @tokens.command("add")
    def add(name: Name, edit: Edit = False) -> None:
        """Make a token and print it, once. From the first one on, the desk answers nobody without."""
        add_token(load(), name, may_edit=edit)

    @tokens.command("list")
    def list_() -> None:
        """List the tokens by name, never what they are."""
        list_tokens(load())

    @tokens.command("revoke")
    def revoke(name: Name) -> None:
        """Let a token, and the sessions that began with it, count no more."""
        revoke_token(load(), name)

    app.add_typer(tokens, name="tokens", no_args_is_help=True)


def add_token(settings: Settings, name: str, *, may_edit: bool) -> None:
    """Makes a token and prints it."""
    if not _FIT.fullmatch(name) or name in ("page", "edit_token"):
        raise InputError(f"{name!r} cannot name a token: take letters, digits and any of _ . @ -")
    token = _PREFIX + token_urlsafe(32)
    with closing(wiring.open_ledger(settings)) as ledger:
        ledger.access.add(name, digest_of(token), may_edit=may_edit, now=wiring.utc_now())
    sys.stdout.write(f"{token}\n")
    sys.stderr.write("This is the only time that it is shown. Programs send it as `Authorization: Bearer`.\n")


def list_tokens(settings: Settings) -> None:
    """Prints the tokens."""
    with closing(wiring.open_ledger(settings)) as ledger:
        rows = ledger.access.listed()
    for row in rows:
        state = f"revoked {moment(row.revoked_at)}" if row.revoked_at else "counts"
        right = "reads and edits" if row.may_edit else "reads"
        sys.stdout.write(f"{row.name}  {right}  made {moment(row.created_at)}  {state}\n")
    if not rows:
        sys.stdout.write("There is no token: on this machine the desk answers anybody.\n")


def revoke_token(settings: Settings, name: str) -> None:
    """Lets a token count no more, and says what that leaves."""
    with closing(wiring.open_ledger(settings)) as ledger:
        ledger.access.revoke(name, wiring.utc_now())
        left = [row for row in ledger.access.listed() if row.revoked_at is None]
    sys.stdout.write(f"{name} counts no more; a running service knows within seconds.\n")
    if not left:
        sys.stdout.write("That was the last one: on this machine the desk answers anybody again.\n")
