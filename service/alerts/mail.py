"""E-mail: one message for an alert, in text and HTML, handed to one SMTP server.

At least once, with two edges. Where the connection breaks between the message and the server's last word
nobody can know (RFC 1047): it is sent again under the same Message-ID. Where a server takes some recipients
and refuses others, the message goes to those it takes, the failure names the others, and later tries from
this transport leave out whom the server has taken; another process that makes the next try does not know,
and writes to all again, under the same Message-ID. So a transport is made once and kept.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy

from service.alerts.channels import MailChannel
from service.alerts.inert import LINE_LIMIT
from service.alerts.mute_links import ONE_CLICK, MuteLinks
from service.alerts.render import first_line, html, plain_text
from service.alerts.smtp import Receipt, Refusal, Submitter
from service.alerts.transport import Sent
from service.core.messages import ChannelAlert, ChannelTest, Digest, FeedAlert, Told
from service.errors import OutgoingError

REMEMBERED = 1024
ENCODED_LINE = 75  # the longest encoded word that the standard allows
_UNSAFE_IN_ID = re.compile(r"[^A-Za-z0-9_.-]")


def message(
    channel: MailChannel, base_url: str, delivery_id: str, told: Told, at: datetime, mute: str | None = None
) -> EmailMessage:
    """The mail for `told`. Feed text stands in Subject and body only; `at` becomes its Date.

    `mute`: where its story is muted, by a person in two clicks, by a mail program in one (RFC 8058).
    """
    subject = _subject(told)
    mail = EmailMessage(policy=_SubjectAsIs(linesep="\r\n"))
    domain = channel.sender.rpartition("@")[2]
    mail["Subject"] = subject
    mail["From"] = Address(display_name="rumorwatch", addr_spec=channel.sender)
    mail["To"] = tuple(Address(addr_spec=address) for address in channel.recipients)
    mail["Date"] = at.astimezone(UTC)
    mail["Message-ID"] = f"<{_UNSAFE_IN_ID.sub('-', delivery_id)}@{domain}>"
    # The mails of a story, or of a feed, stand together in programs that sort by thread.
    mail["References"] = f"<{_UNSAFE_IN_ID.sub('-', _thread(told))}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if mute is not None:
        mail["List-Unsubscribe"] = f"<{mute}>"
        mail["List-Unsubscribe-Post"] = ONE_CLICK
    mail.set_content(plain_text(told, base_url, mute))
    mail.add_alternative(html(told, base_url, mute), subtype="html")
    return mail


def _thread(told: Told) -> str:
    match told:
        case FeedAlert():
            return told.feed_id
        case Digest():
            return f"digests-{told.subscription}"
        case ChannelTest():
            return f"tests-{told.channel}"
        case ChannelAlert():
            return f"channel-{told.channel}"
        case _:
            return told.story_id


def _subject(told: Told) -> str:
    # The mail library decodes encoded words in what it is given, line breaks in them included, and writes
    # those out as new headers: so nothing that begins like an encoded word may reach it.
    return first_line(told).replace("=?", "= ?")[:LINE_LIMIT]


class _SubjectAsIs(EmailPolicy):
    """Writes a plain subject on one line and any other wholly in encoded words.

    The library's own folding may put a blank where plain and encoded words meet, and begins with an empty
    line where the subject is a little long.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() == "list-unsubscribe":  # an address in encoded words leads nowhere
            return f"{name}: {value}{self.linesep}".encode("ascii")
        if name.lower() != "subject":
            return super().fold_binary(name, value)
        text = str(value)
        coded = Header(text, "utf-8", ENCODED_LINE, name).encode(linesep=self.linesep)
        return f"{name}: {text if text.isascii() else coded}{self.linesep}".encode("ascii")


class MailTransport:
    """Sends alerts to the recipients of one mail channel, from any event loop."""

    def __init__(
        self,
        channel: MailChannel,
        base_url: str,
        submitter: Submitter | None = None,
        mute: MuteLinks | None = None,
    ) -> None:
        self.name = channel.name
        self._mute = mute
        self._channel = channel
        self._base_url = base_url
        self._submitter = submitter or Submitter(channel)
        self._taken: OrderedDict[str, frozenset[str]] = OrderedDict()

    async def send(self, delivery_id: str, told: Told, at: datetime) -> Sent:
        """Send the mail to all recipients that do not have it yet.

        Raises OutgoingError: permanent where the server refuses the message, or all recipients that are left,
        for good (5xx at RCPT or DATA); whatever else goes wrong may pass.
        """
        taken = self._taken.get(delivery_id, frozenset())
        left = tuple(address for address in self._channel.recipients if address not in taken)
        if not left:
            return Sent(status=250, answer="taken at an earlier try")
        mute = self._mute.of(told) if self._mute else None
        mail = message(self._channel, self._base_url, delivery_id, told, at, mute)
        receipt = await self._submitter.submit(mail, left)
        refused = {refusal.recipient for refusal in receipt.refused}
        self._remember(delivery_id, taken | (set(left) - refused))
        return _judged(self.name, receipt)

    def settled(self, delivery_id: str) -> None:
        """Forget who took the mail: sent again, it goes to all."""
        self._taken.pop(delivery_id, None)

    def _remember(self, delivery_id: str, taken: frozenset[str]) -> None:
        self._taken[delivery_id] = taken
        while len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)


def _judged(name: str, receipt: Receipt) -> Sent:
    if not receipt.refused:
        return Sent(status=250, answer=receipt.answer)
    who = ", ".join(refusal.recipient for refusal in receipt.refused)
    raise OutgoingError(
        f"Mail {name!r}: the server refused {who}.",
        permanent=all(refusal.code >= 500 for refusal in receipt.refused),
        status=min(refusal.code for refusal in receipt.refused),
        answer=_answers(receipt.refused),
    )


def _answers(refused: Sequence[Refusal]) -> str:
    return "; ".join(f"{refusal.recipient}: {refusal.code} {refusal.answer}" for refusal in refused)[:500]
