"""The one error tree. Every message is one sentence that says what is wrong and where."""

from __future__ import annotations

from datetime import datetime


class RumorwatchError(Exception):
    """Anything we fail with on purpose; the command line prints its message and exits with 1."""


class SettingsError(RumorwatchError):
    """A setting that stops the start; the message names it and where it was set."""


class LexiconError(RumorwatchError):
    """A lexicon or name table that cannot be trusted; the message names file and entry."""


class StoreError(RumorwatchError):
    """The ledger cannot be opened or written."""


class LeaseLost(StoreError):
    """The work was taken over by another worker: what this one did must not be saved."""


class Conflict(StoreError):
    """Another worker changed the same rows first: nothing was saved, and doing the work again is right."""


class FeedError(RumorwatchError):
    """A feed that could not be fetched or parsed."""


class Unparsable(FeedError):
    """A document that may be a feed and could not be read as one: its bytes are worth keeping."""


class SitemapIndex(FeedError):
    """The document holds no entries, but names the sitemaps that may: `sitemaps`, the newest first."""

    def __init__(self, message: str, sitemaps: tuple[str, ...]) -> None:
        super().__init__(message)
        self.sitemaps = sitemaps


class OutgoingError(RumorwatchError):
    """A request of ours failed. `permanent`: trying again unchanged is pointless.

    `status` is the answer's status where there was an answer, `retry_after` the receiver's wish in seconds,
    `host` the public host that answered (None: none did, or one of the operator's own network).
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        status: int | None = None,
        retry_after: float | None = None,
        answer: str = "",
        host: str | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.status = status
        self.retry_after = retry_after
        self.answer = answer
        self.host = host


class HostWaits(OutgoingError):
    """A redirect leads to a host that asked to be left alone: it was not asked. `until`: for how long."""

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class AddressRefused(OutgoingError):
    """The address is one that we never connect to (private, loopback, reserved, a bad port)."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


class ReceiverGone(OutgoingError):
    """The receiver said for good that nobody listens there any more: its channel is turned off."""

    def __init__(self, message: str, *, status: int | None = None, answer: str = "") -> None:
        super().__init__(message, permanent=True, status=status, answer=answer)


class InputError(RumorwatchError):
    """A line, file or argument given by a person or a program that cannot be used."""
