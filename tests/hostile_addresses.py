"""Every way in which somebody else's address reaches us, over every address that leads inside.

    python -m tests.hostile_addresses FOLDER stage      # in a network of its own: `unshare --net --mount`
    python -m tests.hostile_addresses FOLDER plain      # without one

It prints one JSON object: for each entry point how many addresses were tried, which of them were connected
to although they lead inside, and whether the public one was reached. On a stage every address of the world is
this machine's, so that whatever is dialled is answered, counted, and known by the address that was dialled;
names stand in the hosts file. Without one only what lies on loopback can be dialled, and names are left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from service import wiring
from service.alerts.channels import WebhookChannel
from service.alerts.webhook import WebhookTransport
from service.channel_kinds import check
from service.errors import RumorwatchError
from service.feeds.discovery import find_feeds
from service.scheduler import poll_once
from service.settings import Settings, load_settings
from tests.alert_examples import BASE_URL, denial
from workers.feed_care import Asked, add_feed, try_feed
from workers.feed_files import import_feeds

CASES = Path(__file__).parent / "cases"
OUTSIDE = "93.184.216.34"  # what a stage calls the public address
LOOPBACK_OUTSIDE = "127.77"  # what the addresses begin with that play it without one
_SECRET = "whsec_" + "QUFB" * 8


@dataclass(frozen=True, slots=True)
class Vector:
    """An address that leads inside. `why`: what the guard is to see through."""

    id: str
    url: str
    why: str


@dataclass
class World:
    """One server that answers every dialled address, and what it was dialled as."""

    staged: bool
    dialled: list[str] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> World:
        self._servers = [_Server(self, port) for port in ((0, 80) if self.staged else (0,))]
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()

    @property
    def port(self) -> int:
        return int(self._servers[0].server_address[1])

    def url(self, path: str, host: str | None = None) -> str:
        return f"http://{host or self.host(0)}:{self.port}{path}"

    def host(self, number: int) -> str:
        """A public host: each vector has one of its own, so that none waits for another."""
        if self.staged:
            return f"public{number}.example"
        return f"{LOOPBACK_OUTSIDE}.{number // 250}.{number % 250 + 1}"

    def is_outside(self, address: str) -> bool:
        return address == OUTSIDE if self.staged else address.startswith(f"{LOOPBACK_OUTSIDE}.")

    def inside(self) -> list[str]:
        """The dialled addresses that lead inside, each once."""
        return sorted({address for address in self.dialled if not self.is_outside(address)})


class _Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, world: World, port: int) -> None:
        self.world = world
        super().__init__(("::", port), _Handler)

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, peer = super().get_request()
        # Counted as soon as it stands: a guard that asks afterwards has asked too late.
        self.world.dialled.append(connection.getsockname()[0].removeprefix("::ffff:"))
        return connection, peer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        world = self.server.world  # type: ignore[attr-defined]
        target = world.redirects.get(self.path)
        body = world.bodies.get(
            self.path, b"<rss version='2.0'><channel><title>secret</title></channel></rss>"
        )
        self.send_response(302 if target else 200)
        if target:
            self.send_header("Location", target)
        self.send_header("Content-Type", "text/html" if self.path.startswith("/page") else "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def vectors(staged: bool) -> tuple[Vector, ...]:
    """Every address of the tables that leads inside: spelt out, and on a stage by a name as well."""
    urls = tomllib.loads((CASES / "net_urls.toml").read_text("utf-8"))["case"]
    table = tomllib.loads((CASES / "net_addresses.toml").read_text("utf-8"))["case"]
    addresses = [case for case in table if case["refused"] and case["address"] != "no address"]
    found = [Vector(case["id"], case["url"], case["why"]) for case in urls]
    for case in addresses:
        host = f"[{case['address']}]" if ":" in case["address"] else case["address"]
        found.append(Vector(f"literal {case['address']}", f"http://{host}:{{port}}/", case["why"]))
    if staged:
        for number, case in enumerate(addresses):
            if "%" not in case["address"]:
                url = f"http://v{number}.example:{{port}}/"
                found.append(Vector(f"name of {case['address']}", url, case["why"]))
        found.append(Vector("mixed", "http://mixed.example:{port}/", "one private address among public ones"))
    return tuple(found)


def hosts() -> str:
    """The hosts file of a stage: a name for each address, and public names enough for one a vector."""
    table = tomllib.loads((CASES / "net_addresses.toml").read_text("utf-8"))["case"]
    addresses = [case["address"] for case in table if case["refused"] and case["address"] != "no address"]
    lines = ["127.0.0.1 localhost", "::1 localhost", f"{OUTSIDE} mixed.example", "10.0.0.1 mixed.example"]
    lines += [
        f"{address} v{number}.example" for number, address in enumerate(addresses) if "%" not in address
    ]
    return "\n".join([*lines, *(f"{OUTSIDE} public{number}.example" for number in range(400))]) + "\n"


def set_the_stage(folder: Path) -> None:
    """Make every address of the world one of this machine, in a network and mounts of our own."""
    file = folder / "hosts"
    file.write_text(hosts())
    for words in (
        "ip link set lo up",
        "ip route add local 0.0.0.0/0 dev lo",
        "ip -6 route add local ::/0 dev lo",
        f"mount --bind {file} /etc/hosts",
    ):
        subprocess.run(words.split(), check=True)


# --- the ways in -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of one way in: where the server is, the addresses to try, and a folder of its own."""

    world: World
    urls: tuple[str, ...]
    folder: Path

    def settings(self, text: str = "") -> Settings:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "rumorwatch.toml").write_text(text)
        given = {"CONFIG": self.folder / "rumorwatch.toml", "DATA_DIR": self.folder / "data"}
        if not self.world.staged:
            given["ALLOW_NETWORKS"] = Path(f"{LOOPBACK_OUTSIDE}.0.0/16")
        os.environ.update({f"RUMORWATCH_{name}": str(value) for name, value in given.items()})
        return load_settings()

    def public(self, number: int, path: str) -> str:
        return self.world.url(path, self.world.host(number))

    def poll(self, settings: Settings, after: timedelta = timedelta()) -> None:
        """Everything that is due, as the scheduler polls it."""
        ledger = wiring.open_ledger(settings)
        try:
            poll_once(
                ledger,
                lambda: wiring.open_client(settings),
                wiring.choose_bell(settings),
                lambda: datetime.now(UTC) + after,
            )
        finally:
            ledger.close()

    def poll_at(self, urls: Sequence[str]) -> Settings:
        """Add what is taken of `urls` to one ledger and poll it."""
        settings = self.settings()
        for url in urls:
            with _refusals():
                add_feed(settings, Asked(url))
        self.poll(settings)
        return settings


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    with contextlib.suppress(RumorwatchError):
        yield


def by_adding(one: Attempt) -> None:
    """`feeds add`, then the poll."""
    one.poll_at(one.urls)


def by_testing(one: Attempt) -> None:
    """`feeds test`."""
    settings = one.settings()
    for url in one.urls:
        with _refusals():
            try_feed(settings, url)


def by_settings(one: Attempt) -> None:
    """`[[feeds]]` and a search feed whose address or whose watchlist is hostile, then the poll."""
    names = json.dumps([url.partition("://")[2].rstrip("/") or url for url in one.urls])
    text = f'watchlist = {names}\n[[feeds]]\nurl = "http://{{query}}/"\n'
    for url in one.urls:
        table = f"[[feeds]]\nurl = {json.dumps(url + '?q={query}')}\nwatchlist = ['Ford']\n"
        with _refusals():  # one that stops the start has gone nowhere
            assert wiring.feeds(one.settings(table))
            text += table
    settings = one.settings(text)
    ledger = wiring.open_ledger(settings)
    wiring.declare_feeds(ledger, settings, wiring.utc_now())
    ledger.close()
    one.poll(settings)
    one.poll(settings)


def by_import(one: Attempt) -> None:
    """`feeds import` of a list of each, then the poll."""
    settings = one.settings()
    for number, url in enumerate(one.urls):
        file = one.folder / f"{number}.opml"
        outline = f'<outline text="x" xmlUrl="{escape(url)}"/>'
        file.write_text(f'<opml version="2.0"><body>{outline}</body></opml>', "utf-8")
        with _refusals():
            import_feeds(settings, str(file))
    one.poll(settings)


def by_redirect(one: Attempt) -> None:
    """A public feed that leads there."""
    for number, url in enumerate(one.urls):
        if url.isprintable():
            one.world.redirects[f"/redirect{number}"] = url.encode().decode("latin-1")
    one.poll_at([one.public(number, f"/redirect{number}") for number in range(len(one.urls))])


def by_sitemap_index(one: Attempt) -> None:
    """A public index of sitemaps that names it."""
    for number, url in enumerate(one.urls):
        body = f"<sitemapindex><sitemap><loc>{escape(url)}</loc></sitemap></sitemapindex>"
        one.world.bodies[f"/index{number}"] = body.encode("utf-8", "replace")
    one.poll_at([one.public(number, f"/index{number}") for number in range(len(one.urls))])


def by_archive(one: Attempt) -> None:
    """A public feed that leaves a gap and names it as its archive."""
    entry = "<entry><id>{0}</id><title>{0}</title><updated>{1}</updated></entry>"
    now = datetime.now(UTC)

    def say(what: str, at: datetime) -> None:
        for number, url in enumerate(one.urls):
            link = f'<link rel="prev-archive" href="{escape(url)}"/>'
            body = (
                f"<feed xmlns='http://www.w3.org/2005/Atom'>{link}{entry.format(what, at.isoformat())}</feed>"
            )
            one.world.bodies[f"/archive{number}"] = body.encode("utf-8", "replace")

    say("first", now)
    settings = one.poll_at([one.public(number, f"/archive{number}") for number in range(len(one.urls))])
    say("second", now + timedelta(hours=30))
    one.poll(settings, timedelta(hours=25))


def by_discovery(one: Attempt) -> None:
    """`feeds find`, of the address itself and of a public page that links it."""

    async def no_wait(_seconds: float) -> None:
        return None

    async def find_all(settings: Settings) -> None:
        client = wiring.open_client(settings)
        try:
            for number, url in enumerate(one.urls):
                # The second one is a feed: where one is found no further path is tried.
                links = [
                    f'<link rel="alternate" type="application/rss+xml" href="{escape(each)}">'
                    for each in (url, "/reached")
                ]
                body = f"<html><head>{''.join(links)}</head></html>"
                one.world.bodies[f"/page{number}"] = body.encode("utf-8", "replace")
                for address in (url, one.world.url(f"/page{number}")):
                    with _refusals():
                        await find_feeds(client, address, no_wait)
        finally:
            await client.close()

    asyncio.run(find_all(one.settings()))


def by_webhook(one: Attempt) -> None:
    """A channel of that address, with an alert to send."""

    async def send_all(settings: Settings) -> None:
        client = wiring.open_client(settings)
        try:
            for url in one.urls:
                channel = WebhookChannel("hook", url, (_SECRET,), 2.0)
                with _refusals():
                    check(channel)
                with _refusals():
                    await WebhookTransport(channel, client, BASE_URL).send("m", denial(), datetime.now(UTC))
        finally:
            await client.close()

    asyncio.run(send_all(one.settings()))


WAYS: dict[str, Callable[[Attempt], None]] = {
    "add": by_adding,
    "test": by_testing,
    "settings and search feed": by_settings,
    "import": by_import,
    "redirect": by_redirect,
    "sitemap index": by_sitemap_index,
    "archive": by_archive,
    "discovery": by_discovery,
    "webhook": by_webhook,
}


def run(folder: Path, staged: bool, ways: Sequence[str] = tuple(WAYS)) -> dict[str, object]:
    """Try every way over every vector; what was found, as `__doc__` says."""
    told: dict[str, object] = {}
    for place, name in enumerate(ways):
        with World(staged) as world:
            found = vectors(staged)
            urls = [one.url.replace("{port}", str(world.port)) for one in found]
            # The last one is public: a way in that reaches nothing at all would prove nothing.
            attempt = Attempt(world, (*urls, world.url("/reached")), folder / str(place))
            with contextlib.redirect_stdout(sys.stderr):
                WAYS[name](attempt)
            reached = any(map(world.is_outside, world.dialled))
            told[name] = {"tried": len(urls), "inside": world.inside(), "reached": reached}
    return told


def main() -> None:
    folder, staged = Path(sys.argv[1]), sys.argv[2] == "stage"
    if staged:
        set_the_stage(folder)
    sys.stdout.write(json.dumps(run(folder, staged)) + "\n")


if __name__ == "__main__":
    main()
