"""What every channel promises to whoever delivers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from service.alerts.inert import one_line
from service.core.messages import Told

ANSWER_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver took it. `status` is its code where it has one, `answer` its first 500 characters."""

    status: int | None
    answer: str


class Transport(Protocol):
    """One channel. `name` is the channel's name in the settings."""

    @property
    def name(self) -> str: ...

    async def send(self, delivery_id: str, message: Told, at: datetime) -> Sent:
        """Send `message` once, now (`at`), under the id that stays the same over all tries.

        Returns within the channel's deadline. Raises OutgoingError, which says whether trying again helps;
        AddressRefused where the address is one we never connect to.
        """
        ...


@runtime_checkable
class Remembering(Protocol):
    """A channel that remembers who took a delivery, so that a try for the others leaves them out."""

    def settled(self, delivery_id: str) -> None:
        """The delivery is done and written down: whoever sends it again wants it sent to all."""
        ...


def first_words(answer: bytes | str) -> str:
    """The receiver's answer as it is kept: one line of at most 500 harmless characters."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return one_line(text, ANSWER_LIMIT)
