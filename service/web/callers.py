"""Who asks: known by a token, by a session, or anybody on this machine where no token was ever made."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from fastapi import HTTPException
from starlette.requests import Request
from starlette.types import Scope

_KEY = "rumorwatch.caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """`name` is what the log says. `known`: by a token. `session`: what its cookie holds, "" without one."""

    name: str
    may_edit: bool
    known: bool = False
    session: str = ""


ANYBODY = Caller("page", may_edit=True)


def caller_of(request: Request) -> Caller:
    """Who asks, as the gate found."""
    found = request.scope.get(_KEY, ANYBODY)
    assert isinstance(found, Caller)
    return found


def note_caller(scope: Scope, caller: Caller) -> None:
    """Remember who asks for the length of the request."""
    scope[_KEY] = caller


@dataclass(frozen=True, slots=True)
class Seal:
    """Marks the forms that we gave out, so that nobody else can make one up. `secret` is of this process."""

    secret: bytes

    def of(self, caller: Caller) -> str:
        """What a form for this caller carries."""
        return hmac.new(self.secret, caller.session.encode(), hashlib.sha256).hexdigest()

    def check(self, caller: Caller, given: str) -> None:
        """403 where a form does not carry it."""
        if not hmac.compare_digest(self.of(caller).encode(), given.encode()):
            raise HTTPException(403, "This form is not one of ours, or too old: load the page and try again.")
