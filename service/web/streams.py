"""GET /api/v1/events: alerts as they leave, as server-sent events, for whoever stays connected.

How it decides: one look at the ledger a second for all streams together, and none while there is no stream.
It looks back a quarter of a minute each time, since a commit may come after a later one, and tells what it
has not told. A stream that comes back with Last-Event-ID goes on exactly there where this process still
remembers it, else from the ledger, where the last seconds may be told again: the id of an alert is stable,
so who counts by it counts it once. A stream that does not keep up is ended, not waited for: it comes back.
What it leaves out: stories that moved and alerted nobody.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Annotated, Any
from weakref import WeakSet

from fastapi import APIRouter, Header, HTTPException, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from service import logs
from service.alerts.payload import payload
from service.core.messages import Message
from service.core.model import Alert
from service.errors import StoreError
from service.store.streams import Left, StreamRows
from service.web.problems import problem_answers
from service.web.reading import FIT_ID

TICK_SECONDS = 1.0
BEAT_SECONDS = 15.0
LOOK_BACK = timedelta(seconds=15)
MOST_STREAMS = 200
MOST_WAITING = 256  # events of one stream; all streams share their bytes
REMEMBERED = 1000
IDLE_TICKS = 60
MOST_AGAIN = 10_000  # events that are told anew to one that comes back
_PAGE = 500
_EVENT_ID = re.compile(r"([0-9]{1,17})-([!-~]{1,100})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RESET = b'event: reset\ndata: {"why": "what was missed cannot be told: load the page anew"}\n\n'
BEAT = b": beat\n\n"
HELLO = b"retry: 3000\n\n"


@dataclass(frozen=True, slots=True)
class Event:
    """One alert as it goes to every stream that it concerns."""

    id: str
    alert_id: str
    subscription: str
    story_id: str | None
    block: bytes


@dataclass(slots=True, eq=False, weakref_slot=True)
class Stream:
    """One connection: what it asks for, and what waits for it. `ended`: it did not keep up, or we stop."""

    subscription: str | None = None
    story_id: str | None = None
    waiting: deque[Event] = field(default_factory=deque)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def wants(self, event: Event) -> bool:
        """Whether the event is of what it asks for."""
        return self.subscription in (None, event.subscription) and self.story_id in (None, event.story_id)

    def offer(self, event: Event) -> None:
        """Let the event wait for it, or end it where too many do."""
        if not self.wants(event):
            return
        if len(self.waiting) >= MOST_WAITING:
            self.end()
            return
        self.waiting.append(event)
        self.woken.set()

    def end(self) -> None:
        """Let it end as soon as it looks."""
        self.ended = True
        self.waiting.clear()
        self.woken.set()


class Streams:
    """All streams of one process, in one event loop."""

    def __init__(
        self,
        rows: StreamRows,
        base_url: str,
        clock: Callable[[], datetime],
        *,
        tick_seconds: float = TICK_SECONDS,
        beat_seconds: float = BEAT_SECONDS,
    ) -> None:
        self._rows, self._base_url, self._clock = rows, base_url, clock
        self._tick, self._beat = tick_seconds, beat_seconds
        # Weak: a connection that is lost before its first byte leaves nothing behind.
        self._open: WeakSet[Stream] = WeakSet()
        self._beginning = asyncio.Lock()
        self._told: deque[Event] = deque(maxlen=REMEMBERED)
        self._seen: dict[str, datetime] = {}
        self._upto: datetime | None = None
        self._looking: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def count(self) -> int:
        """How many are open."""
        return len(self._open)

    def close(self) -> None:
        """End all streams, and take no more. From any thread."""
        self._closed = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_all)

    def _end_all(self) -> None:
        for stream in tuple(self._open):
            stream.end()

    async def connect(self, stream: Stream, last_id: str | None) -> AsyncIterator[bytes]:
        """What goes over the connection, until it ends. HTTPException 503 where there are too many."""
        if self._closed or len(self._open) >= MOST_STREAMS:
            raise HTTPException(503, "Too many streams are open right now.", {"Retry-After": "30"})
        self._loop = asyncio.get_running_loop()
        self._open.add(stream)
        try:
            await self._begin()
            again = await self._missed(last_id)
        except BaseException:
            self._open.discard(stream)
            raise
        return self._flow(stream, again)

    async def _flow(self, stream: Stream, again: AsyncIterator[bytes | Event]) -> AsyncIterator[bytes]:
        told: deque[str] = deque(maxlen=REMEMBERED)
        try:
            yield HELLO
            async for part in again:
                if isinstance(part, bytes):
                    yield part
                elif stream.wants(part):
                    told.append(part.alert_id)
                    yield part.block
            async for event in self._live(stream):
                if event is None:
                    yield BEAT
                elif event.alert_id not in told:
                    yield event.block
        finally:
            self._open.discard(stream)

    async def _live(self, stream: Stream) -> AsyncIterator[Event | None]:
        """What is told from now on; None where nothing was for a while."""
        while not stream.ended:
            while stream.waiting:
                yield stream.waiting.popleft()
            stream.woken.clear()
            try:
                async with asyncio.timeout(self._beat):
                    await stream.woken.wait()
            except TimeoutError:
                yield None

    async def _begin(self) -> None:
        """Begin to look, where nobody did: from this moment on."""
        async with self._beginning:
            if self._looking is None or self._looking.done():
                self._upto = self._clock()
                self._told.clear()
                since = self._upto - LOOK_BACK
                self._seen = {one.id: one.at for one in await run_in_threadpool(self._all_left, since)}
                self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Look once a tick, for a while after the last stream too: it may come back."""
        idle = 0
        while idle < IDLE_TICKS:
            idle = 0 if self._open else idle + 1
            await asyncio.sleep(self._tick)
            try:
                events = await run_in_threadpool(self._news)
            except StoreError as error:
                logs.warning("streams.ledger_away", reason=error)
            except Exception as bug:  # noqa: BLE001 - the task's edge: streams would wait for ever
                logs.failure("streams.broken", bug)
            else:
                self._tell(events)

    def _tell(self, events: list[Event]) -> None:
        self._told.extend(events)
        for stream in tuple(self._open):
            for event in events:
                stream.offer(event)

    def _news(self) -> list[Event]:
        """What left and was not told yet."""
        assert self._upto is not None
        left = self._all_left(self._upto - LOOK_BACK)
        fresh = [one for one in left if one.id not in self._seen]
        events = self._events(fresh)
        self._upto = max([self._upto, *(one.at for one in left)])
        self._seen = {one.id: one.at for one in left if one.at >= self._upto - LOOK_BACK}
        return events

    def _all_left(self, since: datetime) -> list[Left]:
        found: list[Left] = []
        after = ""
        while page := self._rows.left(since, after, _PAGE):
            found += page
            since, after = page[-1].at, page[-1].id
            if len(page) < _PAGE:
                break
        return found

    def _events(self, left: list[Left]) -> list[Event]:
        messages = {}
        for start in range(0, len(left), _PAGE):
            ids = [one.id for one in left[start : start + _PAGE]]
            messages.update({one.id: one for one in self._rows.messages(ids)})
        return [event_of(messages[one.id], one.at, self._base_url) for one in left if one.id in messages]

    async def _missed(self, last_id: str | None) -> AsyncIterator[bytes | Event]:
        """What was told since that event: of our own memory, else of the ledger."""
        if last_id is None:
            return _each(())
        told = list(self._told)
        place = next((at for at, event in enumerate(told) if event.id == last_id), None)
        if place is not None:
            return _each(told[place + 1 :])
        found = _EVENT_ID.fullmatch(last_id)
        return _each((_RESET,)) if found is None else self._from_ledger(int(found[1]), found[2])

    async def _from_ledger(self, micros: int, known: str) -> AsyncIterator[bytes | Event]:
        since, after = _EPOCH + timedelta(microseconds=micros) - LOOK_BACK, ""
        for page_number in count():
            if page_number * _PAGE >= MOST_AGAIN:
                yield _RESET
                return
            page = await run_in_threadpool(self._rows.left, since, after, _PAGE)
            wanted = [one for one in page if one.id != known]
            for event in await run_in_threadpool(self._events, wanted):
                yield event
            if len(page) < _PAGE:
                return
            since, after = page[-1].at, page[-1].id


async def _each(parts: Iterable[bytes | Event]) -> AsyncIterator[bytes | Event]:
    for part in parts:
        yield part


def event_of(message: Message, left_at: datetime, base_url: str) -> Event:
    """An alert as an event: the JSON that a webhook would be sent, on one line."""
    micros = (left_at - _EPOCH) // timedelta(microseconds=1)
    data = json.dumps(payload(message, base_url), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    id_ = f"{micros}-{message.id}"
    return Event(
        id=id_,
        alert_id=message.id,
        subscription=message.subscription,
        story_id=message.story_id if isinstance(message, Alert) else None,
        block=f"id: {id_}\nevent: {message.event}\ndata: {data}\n\n".encode("ascii"),
    )


Wanted = Annotated[str | None, Query(min_length=1, max_length=200, pattern=FIT_ID)]
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Alerts, each as a webhook would be sent it"}
}


def stream_router(streams: Streams) -> APIRouter:
    """The one address of streams."""
    router = APIRouter(prefix="/api/v1", tags=["desk"], responses=problem_answers(422, 503))

    @router.get(
        "/events",
        summary="Alerts as they leave (server-sent events)",
        response_class=StreamingResponse,
        responses=_RESPONSES,
    )
    async def events(
        subscription: Wanted = None,
        story: Wanted = None,
        last_event_id: Annotated[str | None, Header(max_length=200)] = None,
    ) -> StreamingResponse:
        flow = await streams.connect(Stream(subscription, story), last_event_id)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(flow, media_type="text/event-stream", headers=headers)

    return router
