"""One conversation with an SMTP server, cut off when its time is over.

smtplib waits as long as a server keeps dripping: its time-out counts single reads. So each conversation runs
on a thread of its channel, and when the total time is up its socket is shut from outside, which ends the
thread as well. Two threads a channel: a server that hangs holds up its own channel only.
"""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import EmailMessage

from service import failpoints
from service.alerts.channels import MailChannel
from service.alerts.transport import first_words
from service.errors import OutgoingError

CONCURRENCY = 2


@dataclass(frozen=True, slots=True)
class Refusal:
    """One recipient whom the server did not take."""

    recipient: str
    code: int
    answer: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The server took the message, for all recipients but the refused ones (which may be all)."""

    refused: tuple[Refusal, ...]
    answer: str


class Submitter:
    """Hands messages to the SMTP server of one channel. `tls` replaces the system's trusted certificates."""

    def __init__(self, channel: MailChannel, tls: ssl.SSLContext | None = None) -> None:
        self._channel = channel
        self._tls = tls
        self._threads = ThreadPoolExecutor(CONCURRENCY, thread_name_prefix=f"mail-{channel.name}")

    async def submit(self, mail: EmailMessage, recipients: Sequence[str]) -> Receipt:
        """Hand over `mail` for `recipients` within the channel's time-out, waiting for a thread included.

        Raises OutgoingError, permanent where the message is refused for good; it never shows the password.
        """
        channel = self._channel
        if channel.security == "none" and channel.username is not None:
            raise OutgoingError(
                f"Mail {channel.name!r}: a password is never sent unencrypted.", permanent=True
            )
        line = _Line(channel, self._tls)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(channel.timeout_seconds):
                return await loop.run_in_executor(self._threads, line.submit, mail, tuple(recipients))
        except TimeoutError:
            seconds = channel.timeout_seconds
            raise OutgoingError(
                f"Mail {channel.name!r}: the server took longer than {seconds:g} s."
            ) from None
        finally:
            line.cut()


class _Line:
    """One connection: used on its thread, cut from any."""

    def __init__(self, channel: MailChannel, tls: ssl.SSLContext | None) -> None:
        self._channel = channel
        self._tls = tls
        self._handle: socket.socket | None = None
        self._cut = False

    def cut(self) -> None:
        """End the conversation now, wherever it stands."""
        self._cut = True
        if self._handle is not None:
            with contextlib.suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)
            self._handle.close()

    def submit(self, mail: EmailMessage, recipients: tuple[str, ...]) -> Receipt:
        if self._cut:
            raise OutgoingError(f"Mail {self._channel.name!r}: no thread was free in time.")
        try:
            return self._converse(mail, recipients)
        except smtplib.SMTPRecipientsRefused as error:
            # Here nobody got it, also where only some were refused before the server hung up with a 421.
            nobody = dict.fromkeys(recipients, (421, b"the server ended the conversation"))
            return Receipt(_refusals(nobody | error.recipients), answer="")
        except smtplib.SMTPDataError as error:
            raise self._failed(error, permanent=error.smtp_code >= 500) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            # Log-in, certificate, greeting, sender: a person or time repairs them, so later tries make sense.
            raise self._failed(error, permanent=False) from None

    def _converse(self, mail: EmailMessage, recipients: tuple[str, ...]) -> Receipt:
        smtp = self._connected()
        try:
            _greet(smtp)
            self._secured(smtp)
            if self._channel.username is not None:
                smtp.login(self._channel.username, self._channel.password or "")
            refused = smtp.send_message(mail, self._channel.sender, recipients)
        except BaseException:
            smtp.close()
            raise
        with contextlib.suppress(smtplib.SMTPException, OSError):
            # The message is the server's by now: nobody waits for the answer to a good-bye.
            smtp.putcmd("quit")
        smtp.close()
        return Receipt(_refusals(refused), answer="accepted")

    def _connected(self) -> smtplib.SMTP:
        # smtplib connects and reads the greeting in one call; doing it in two lets `cut` reach the socket.
        channel = self._channel
        connected = socket.create_connection((channel.host, channel.port), channel.timeout_seconds)
        self._hold(connected)
        failpoints.hit("connected")
        if channel.security == "tls":
            connected = self._context().wrap_socket(connected, server_hostname=channel.host)
        return _Connected(connected, channel.host, channel.timeout_seconds)

    def _secured(self, smtp: smtplib.SMTP) -> None:
        if self._channel.security != "starttls":
            return
        # Raises where the server does not offer it: never fall back to plain text.
        smtp.starttls(context=self._context())

    def _hold(self, connected: socket.socket) -> None:
        # A duplicate reaches the connection also while TLS has taken the socket over.
        self._handle = connected.dup()
        if self._cut:
            self.cut()

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()

    def _failed(self, error: Exception, *, permanent: bool) -> OutgoingError:
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
        answer = _answer_of(error)
        why = (answer or type(error).__name__)[:200].rstrip(".")
        sentence = f"Mail {self._channel.name!r} was not taken: {why}."
        return OutgoingError(sentence, permanent=permanent, status=code, answer=answer)


class _Connected(smtplib.SMTP):
    """smtplib's client on a socket that is connected already."""

    def __init__(self, connected: socket.socket, host: str, timeout: float) -> None:
        own = connected.getsockname()[0]
        # The address as a literal: a host name would cost a look-up, and "localhost" is refused by some.
        super().__init__(local_hostname=f"[IPv6:{own}]" if ":" in own else f"[{own}]", timeout=timeout)
        self.sock = connected
        self._host = host  # smtplib checks the certificate against it


def _greet(smtp: smtplib.SMTP) -> None:
    code, greeting = smtp.getreply()
    if code != 220:
        raise smtplib.SMTPConnectError(code, greeting)


def _refusals(refused: dict[str, tuple[int, bytes]]) -> tuple[Refusal, ...]:
    return tuple(Refusal(who, code, first_words(answer)) for who, (code, answer) in refused.items())


def _answer_of(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        # Some servers repeat what they were sent: nothing of this answer is kept.
        return f"{error.smtp_code} the log-in was refused"
    if isinstance(error, smtplib.SMTPResponseException):
        return first_words(f"{error.smtp_code} {_text(error.smtp_error)}")
    return first_words(str(error))


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
