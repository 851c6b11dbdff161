"""The commands `feeds add`, `test`, `pause`, `resume`, `explain`: one feed, and what a person wants of it."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime

from service import wiring
from service.core.addresses import why_url_refused
from service.core.feed import Feed, NewRevision
from service.core.history import NO_HISTORY
from service.core.intervals import choose_interval
from service.core.polling import plan_poll
from service.core.text import clean
from service.errors import InputError
from service.feeds.fetch import Fetched, fetch, local_path
from service.feeds.hints import wishes_in
from service.feeds.parse import parse_feed
from service.settings import Settings
from service.store.views import FeedRow
from workers.feed_intake import article_lines, hub_lines
from workers.feed_list import latency, stamp

_SHOWN = 20
_CUT = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """A feed as a person names it. `minutes` None: as often as it has news and its publisher allows."""

    url: str
    outlet: str = ""
    minutes: float | None = None
    lang: str | None = None


def add_feed(settings: Settings, asked: Asked) -> None:
    """Polls a feed from now on, beside those of the settings. InputError for an address that is none."""
    feed = _feed(asked)
    with closing(wiring.open_ledger(settings)) as ledger:
        new = ledger.feeds.add([feed], wiring.utc_now())
    _say(f"{feed.id} is polled {'from now on' if new else 'already'}: {feed.url}")


def try_feed(settings: Settings, url: str) -> None:
    """Fetches a feed once and shows what would be stored; nothing is. Raises as fetching and parsing do."""
    feed, now = _feed(Asked(url)), wiring.utc_now()
    answer = asyncio.run(_fetch(settings, feed, now))
    parsed = parse_feed(answer.body, answer.content_type, answer.url)
    plan = plan_poll(feed, parsed.entries, {}, now, etag=answer.etag, last_modified=answer.last_modified)
    wishes = wishes_in(answer.body, answer.url, answer.fresh_seconds, answer.links)
    interval = choose_interval(feed, replace(NO_HISTORY, wishes=wishes), now)
    conditional = answer.etag is not None or answer.last_modified is not None
    _say(f"{parsed.title or 'without a title'}: {len(plan.revisions)} entries would be stored, none told")
    _say(f"asked again after {interval.seconds} s: {interval.why}")
    _say(f"says whether it changed: {'yes' if conditional else 'no, so each poll costs the whole document'}")
    for hub in wishes.hubs:
        _say(f"names a hub that would push it: {hub}")
    if answer.moved_to:
        _say(f"moved for good to {answer.moved_to}")
    if parsed.why:
        _say(f"trouble: {parsed.why}")
    for revision in reversed(plan.revisions[-_SHOWN:]):
        _say(f"  {_told(revision)}")


def _told(revision: NewRevision) -> str:
    when = f"date {revision.date_flag}" if revision.date_flag else stamp(revision.published)
    return f"{when}  {' '.join(revision.title.split())[:_CUT]}  {revision.url or ''}".rstrip()


def pause_feed(settings: Settings, feed_id: str, why: str) -> None:
    """Stops the polls of a feed until it is resumed. InputError where there is none."""
    with closing(wiring.open_ledger(settings)) as ledger:
        ledger.feeds.pause(feed_id, why or "paused by hand", wiring.utc_now())
    _say(f"{feed_id} is not polled any more, until `rumorwatch feeds resume {feed_id}`")


def resume_feed(settings: Settings, feed_id: str, why: str) -> None:
    """Polls a feed again, at once. InputError where there is none."""
    with closing(wiring.open_ledger(settings)) as ledger:
        ledger.feeds.resume(feed_id, why or "resumed by hand", wiring.utc_now())
        row = next((row for row in ledger.reports.feeds() if row.id == feed_id), None)
    if row is not None and row.waits:
        _say(f"{feed_id} is polled again from {stamp(row.next_poll_at)} on: it {row.waits}")
    else:
        _say(f"{feed_id} is polled again, from now on")


def explain_feed(settings: Settings, feed_id: str) -> None:
    """Shows why a feed is polled as often as it is, its last answers and what befell it."""
    with closing(wiring.open_ledger(settings)) as ledger:
        feed = ledger.feeds.one(feed_id)
        row = next((row for row in ledger.reports.feeds() if row.id == feed_id), None)
        notices = ledger.reports.feed_notices(feed_id)
        aside = len(ledger.quarantine.pieces(feed_id))
        hub = ledger.reports.feed_hub(feed_id)
        articles = ledger.reports.feed_articles(feed_id)
    if feed is None or row is None:
        raise InputError(f"There is no feed {feed_id!r}: `rumorwatch feeds list` names them.")
    _print_state(feed, row)
    if aside:
        _say(f"{aside} pieces of it could not be read: `rumorwatch feeds quarantine list {feed_id}`")
    for line in hub_lines(hub, settings.public_url, wiring.utc_now()):
        _say(line)
    for line in article_lines(feed, articles):
        _say(line)
    _say("last answers:" if feed.history.polls else "no answer yet")
    for poll in reversed(feed.history.polls):
        status = poll.status or "-"
        _say(f"  {stamp(poll.at)}  {poll.outcome}  {status}  {poll.seconds:.1f} s  {poll.reason}")
    if notices:
        _say("what befell it:")
    for notice in notices:
        _say(f"  {stamp(notice.at)}  {notice.event}  {notice.why}")


def _print_state(feed: Feed, row: FeedRow) -> None:
    interval = choose_interval(feed, feed.history, row.last_polled_at or wiring.utc_now())
    since = f" since {stamp(row.since)}" if row.since else ""
    _say(f"{row.id}  {row.outlet}  {row.url}")
    _say(f"{row.state}{since}: {row.reason}")
    _say(f"next poll {stamp(row.next_poll_at)}, after {interval.seconds} s: {interval.why}")
    if row.waits:
        _say(row.waits)
    if interval.warning:
        _say(f"warning: {interval.warning}")
    if row.moved_from:
        _say(f"declared as {row.moved_from}")
    _say(f"from publication to first sight: {latency(row)} (half, 95 of 100)")


def _say(line: str) -> None:
    """One line on standard output; a server's words in it format nothing."""
    sys.stdout.write(f"{clean(line)}\n")


def _feed(asked: Asked) -> Feed:
    if local_path(asked.url) is None and (why := why_url_refused(asked.url)) is not None:
        raise InputError(f"{asked.url!r} cannot be polled: {why}.")
    path = local_path(asked.url)
    # The service may be started in another folder than this command.
    url = asked.url if path is None else str(path.resolve())
    return wiring.one_feed(url, asked.outlet, asked.minutes, asked.lang)


async def _fetch(settings: Settings, feed: Feed, now: datetime) -> Fetched:
    client = wiring.open_client(settings)
    try:
        answer = await fetch(client, feed, now)
    finally:
        await client.close()
    if not isinstance(answer, Fetched):
        raise InputError(f"{feed.url} answered that nothing has changed, without having been asked.")
    return answer
