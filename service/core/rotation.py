"""Which secrets sign a webhook while one is being replaced: both for a set time, then the new one.

How it decides: a rotation holds from its moment on, over what the settings say. Once the settings say
something else than they did then, a person has spoken anew and the settings alone count; but if what they say
holds the new secret, the old ones go on until their time, so that copying it there cuts nobody off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Rotation:
    """A new secret of a channel. `before` are those that sign beside it until `until`.

    `given`: `mark_of` what the settings said when it was made.
    """

    channel: str
    secret: str = field(repr=False)
    before: tuple[str, ...] = field(repr=False)
    until: datetime
    given: str
    at: datetime


def mark_of(secrets: Sequence[str]) -> str:
    """A mark by which the secrets of the settings are known again, and which tells nothing of them."""
    return hashlib.sha256("\n".join(secrets).encode("utf-8", "replace")).hexdigest()[:32]


def signing_secrets(given: Sequence[str], rotation: Rotation | None, now: datetime) -> tuple[str, ...]:
    """The secrets that sign at `now`, the newest first; `given` are those of the settings."""
    if rotation is None:
        return tuple(given)
    old = rotation.before if now < rotation.until else ()
    if mark_of(given) == rotation.given:
        return _once((rotation.secret, *old))
    return _once((*given, *old)) if rotation.secret in given else tuple(given)


def _once(secrets: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(secrets))
