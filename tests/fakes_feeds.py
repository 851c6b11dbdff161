"""A feed server on loopback that says what a test tells it to say, and remembers what it was asked.

with FeedServer() as server:
    server.serve("/feed", body, etag='"1"')
    ... server.url("/feed") ... server.requests
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


class Loopback:
    """A resolver to which every name is on loopback."""

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as it arrived; header names as the client wrote them."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Page:
    """What a path answers. With an etag or last_modified that the client sends back: 304."""

    body: bytes
    status: int = 200
    etag: str | None = None
    last_modified: str | None = None
    content_type: str = "application/atom+xml"
    headers: tuple[tuple[str, str], ...] = ()


Raw = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class FeedServer:
    """Serves on `address`, one of loopback, at a free port while the `with` block runs."""

    address: str = "127.0.0.1"
    requests: list[SeenRequest] = field(default_factory=list)
    most_at_once: int = 0
    _pages: dict[str, Page | Raw] = field(default_factory=dict)
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> FeedServer:
        self._server = _Server((self.address, 0), _handler_for(self))
        # A short poll interval: the server is stopped after every test.
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str, host: str | None = None) -> str:
        return f"http://{host or self.address}:{self.port}{path}"

    def serve(
        self,
        path: str,
        body: bytes = b"",
        *,
        status: int = 200,
        etag: str | None = None,
        last_modified: str | None = None,
        content_type: str = "application/atom+xml",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Answer `path` with this from now on."""
        self._pages[path] = Page(body, status, etag, last_modified, content_type, headers)

    def serve_raw(self, path: str, answer: Raw) -> None:
        """Let `answer` write whatever it likes to the handler's wfile."""
        self._pages[path] = answer

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        over = ExitStack()
        over.callback(self._one_less)
        try:
            length = int(handler.headers.get("Content-Length") or 0)
            seen = SeenRequest(
                handler.command, handler.path, tuple(handler.headers.items()), handler.rfile.read(length)
            )
            self.requests.append(seen)
            page = self._pages.get(handler.path, Page(b"nothing here", 404))
            if isinstance(page, Page):
                _send(handler, page, seen, over)
            else:
                page(handler)
        except OSError:
            pass  # the client left early, as some tests want
        finally:
            over.close()

    def _one_less(self) -> None:
        with self._lock:
            self._at_once -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


def _handler_for(server: FeedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        def do_POST(self) -> None:
            server.answer(self)

        def do_HEAD(self) -> None:
            server.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Tests read `requests` instead."""

    return Handler


def _send(handler: BaseHTTPRequestHandler, page: Page, seen: SeenRequest, over: ExitStack) -> None:
    """Send `page`. Before its last bytes leave it is `over`: with them the client may ask again."""
    unchanged = page.status == 200 and (
        (page.etag is not None and seen.header("If-None-Match") == page.etag)
        or (
            page.etag is None
            and page.last_modified
            and seen.header("If-Modified-Since") == page.last_modified
        )
    )
    handler.send_response(304 if unchanged else page.status)
    if page.etag is not None:
        handler.send_header("ETag", page.etag)
    if page.last_modified is not None:
        handler.send_header("Last-Modified", page.last_modified)
    for name, value in page.headers:
        handler.send_header(name, value)
    if unchanged:
        over.close()
        handler.end_headers()
        return
    handler.send_header("Content-Type", page.content_type)
    handler.send_header("Content-Length", str(len(page.body)))
    over.close()
    handler.end_headers()
    if seen.method != "HEAD":
        handler.wfile.write(page.body)
