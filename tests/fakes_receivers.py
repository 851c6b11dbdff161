"""Receivers on loopback that do as told: a webhook receiver and a mail server, both on a port of their own.

Both are context managers, answer 2xx unless told otherwise, and log what arrived. Nothing sleeps: who is told
to hang waits until the receiver is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as MAIL_POLICY
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

LOOPBACK_PEM = Path(__file__).parent / "cases" / "alerts" / "loopback.pem"
SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # 24 bytes, of no use anywhere


class Does(Enum):
    """What a receiver does once it has read a message."""

    ANSWER = "answers"
    HANG = "never answers"
    CUT = "resets the connection without an answer"
    DRIP = "starts to answer and never ends"
    LINGER = "takes the message and never answers to QUIT"


@dataclass(frozen=True, slots=True)
class Answer:
    """One scripted answer of the webhook receiver."""

    status: int = 200
    body: bytes = b"ok"
    headers: tuple[tuple[str, str], ...] = ()
    does: Does = Does.ANSWER


@dataclass(frozen=True, slots=True)
class Received:
    """One request that arrived. `problem` says why its signature does not hold; None: it does."""

    id: str
    timestamp: str
    signature: str
    body: bytes
    body_hash: str
    at: datetime
    path: str
    user_agent: str
    problem: str | None
    headers: tuple[tuple[str, str], ...] = ()


class WebhookReceiver:
    """An HTTP server that verifies Standard Webhooks and answers by script, then by `usual`."""

    def __init__(self, *script: Answer, secret: str = SECRET, usual: Answer | None = None) -> None:
        self.secret = secret
        self.usual = usual or Answer()
        self.received: list[Received] = []
        self._script = deque(script)
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._closing = threading.Event()
        self._server = _HttpServer(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """The webhook-ids in the order of arrival, repeats included."""
        with self._lock:
            return [request.id for request in self.received]

    def tell(self, *answers: Answer) -> None:
        """Add answers to the script."""
        with self._lock:
            self._script.extend(answers)

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Received]:
        """The requests so far, as soon as there are `count`. Raises AssertionError when they do not come."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self.received) >= count, seconds)
            assert came, f"{len(self.received)} of {count} webhooks arrived in {seconds:g} s"
            return list(self.received)

    def __enter__(self) -> WebhookReceiver:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def take(self, request: Received) -> Answer:
        """Log a request and say what to do with it (called by the server's threads)."""
        with self._arrived:
            self.received.append(request)
            self._arrived.notify_all()
            return self._script.popleft() if self._script else self.usual

    def wait_until_closed(self, seconds: float = 60.0) -> None:
        """Hang, the bounded way."""
        self._closing.wait(seconds)

    def closed_within(self, seconds: float) -> bool:
        """Whether the receiver is closed before `seconds` are over."""
        return self._closing.wait(seconds)


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, receiver: WebhookReceiver) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.receiver = receiver

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the play."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        receiver = cast(_HttpServer, self.server).receiver
        answer = receiver.take(self._received(receiver.secret))
        if answer.does is Does.HANG:
            receiver.wait_until_closed()
        elif answer.does is Does.CUT:
            reset(self.connection)
        else:
            self._answer(answer, receiver)

    def do_GET(self) -> None:
        # Only a client that wrongly follows a redirect comes here: it is logged like any request.
        self.do_POST()

    def _answer(self, answer: Answer, receiver: WebhookReceiver) -> None:
        dripping = answer.does is Does.DRIP
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) + (1_000_000 if dripping else 0)))
        self.end_headers()
        self.wfile.write(answer.body)
        while dripping and not receiver.closed_within(0.02):
            self.wfile.write(b".")

    def _received(self, secret: str) -> Received:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return Received(
            id=self.headers.get("webhook-id", ""),
            timestamp=self.headers.get("webhook-timestamp", ""),
            signature=self.headers.get("webhook-signature", ""),
            body=body,
            body_hash=hashlib.sha256(body).hexdigest(),
            at=datetime.now(UTC),
            path=self.path,
            user_agent=self.headers.get("user-agent", ""),
            problem=why_not_verified(secret, body, dict(self.headers.items())),
            headers=tuple(self.headers.items()),
        )

    def log_message(self, format: str, *args: Any) -> None:
        """The log is `received`."""


def why_not_verified(secret: str, body: bytes, headers: dict[str, str]) -> str | None:
    """What the `standardwebhooks` package holds against a request; None: nothing."""
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError as error:
        return str(error)
    return None


def reset(connection: socket.socket) -> None:
    """End a connection with a reset instead of a good-bye."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


# --- mail ------------------------------------------------------------------------------------------


def server_tls() -> ssl.SSLContext:
    """The TLS of a server on 127.0.0.1, with the certificate of the tests."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOOPBACK_PEM)
    return context


def client_tls() -> ssl.SSLContext:
    """The TLS of a client that trusts the certificate of the tests, and nothing else."""
    return ssl.create_default_context(cafile=str(LOOPBACK_PEM))


@dataclass(frozen=True, slots=True)
class Mail:
    """One message that the server took."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    raw: bytes
    encrypted: bool


class MailServer:
    """An SMTP server by script.

    `rcpt` maps an address to the reply it gets ("450 later"); `data` are replies to messages, in order, after
    which messages are taken. `does` is what happens instead, in order: `Does.CUT` takes the message and
    resets the connection before the last word (RFC 1047), `Does.HANG` never replies to it, `Does.DRIP` never
    ends the greeting, `Does.LINGER` takes the message and never answers the good-bye. `login` is the one pair
    of user name and password. `security` is none, starttls or tls.
    """

    def __init__(
        self,
        *,
        security: str = "none",
        rcpt: dict[str, str] | None = None,
        data: Sequence[str] = (),
        does: Sequence[Does] = (),
        login: tuple[str, str] | None = None,
    ) -> None:
        self.mails: list[Mail] = []
        self.rcpt = dict(rcpt or {})
        self.data = deque(data)
        self.does = deque(does)
        self.logins: list[tuple[str, str]] = []
        self.connections = 0
        self.port = 0
        self._lingering: list[Session] = []
        self._security = security
        self._login = login
        self._arrived = threading.Condition()
        self._ready = threading.Event()
        self._closing = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Mail]:
        """The mails so far, as soon as there are `count`. Raises AssertionError when they do not come."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self.mails) >= count, seconds)
            assert came, f"{len(self.mails)} of {count} mails arrived in {seconds:g} s"
            return list(self.mails)

    def __enter__(self) -> MailServer:
        self._thread.start()
        assert self._ready.wait(10), "the mail server did not start"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(10)

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        tls = server_tls() if self._security == "tls" else None
        server = await self._loop.create_server(self._conversation, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._closing.wait()
        server.close()
        mine = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not mine]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _conversation(self) -> asyncio.Protocol:
        self.connections += 1
        if self.does and self.does[0] is Does.DRIP:
            self.does.popleft()
            return _DrippingGreeting(self._loop)
        starttls = server_tls() if self._security == "starttls" else None
        return SMTP(
            self,
            loop=self._loop,
            hostname="mail.test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=self._authenticate if self._login else None,
            auth_require_tls=False,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, offered: Any
    ) -> AuthResult:
        assert isinstance(offered, LoginPassword)
        pair = (offered.login.decode(), offered.password.decode())
        self.logins.append(pair)
        # Some servers repeat what they were sent: what they answer must not reach a log.
        refusal = f"535 {pair[0]} may not log in with {pair[1]}"
        good = pair == self._login
        return AuthResult(success=good, handled=False, message=None if good else refusal)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._login and not session.authenticated:
            return "530 log in first"
        if address in self.rcpt:
            return self.rcpt[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        act = self.does.popleft() if self.does else Does.ANSWER
        if act is Does.HANG:
            await self._closing.wait()
        if self.data:
            return self.data.popleft()
        self._take(session, envelope)
        if act is Does.LINGER:
            self._lingering.append(session)
        if act is Does.CUT:
            cast(asyncio.Transport, server.transport).abort()
        return "250 taken"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if session in self._lingering:
            await self._closing.wait()
        return "221 Bye"

    def _take(self, session: Session, envelope: Envelope) -> None:
        raw = cast(bytes, envelope.content)
        message = message_from_bytes(raw, policy=MAIL_POLICY)
        encrypted = session.ssl is not None or self._security == "tls"
        mail = Mail(str(envelope.mail_from), tuple(envelope.rcpt_tos), message, raw, encrypted)
        with self._arrived:
            self.mails.append(mail)
            self._arrived.notify_all()


class _DrippingGreeting(asyncio.Protocol):
    """Greets for ever, a letter at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._task = self._loop.create_task(self._drip(cast(asyncio.Transport, transport)))

    async def _drip(self, transport: asyncio.Transport) -> None:
        while not transport.is_closing():
            transport.write(b"2")
            await asyncio.sleep(0.02)
