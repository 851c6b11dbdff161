"""How news of a feed reach us besides its polls, in words: pushed by its hub, or read on its pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from service.core.feed import Feed
from service.core.pushing import HubState
from service.feeds.extract import EXTRA, is_available
from service.store.views import ArticleRow, HubRow
from workers.feed_list import stamp

_NO_ADDRESS = "not asked, since `public_url` is not set: a hub needs an address to push to"


def hub_lines(hub: HubRow | None, public_url: str | None, now: datetime) -> Iterator[str]:
    """How it stands with the hub of a feed, and why it does not push where it does not."""
    if hub is None:
        yield "pushed: no, its document names no hub"
        return
    yield f"pushed: {_standing(hub, public_url, now)}"
    yield f"  hub {hub.hub}, topic {hub.topic}"
    last = f"pushes taken: {hub.pushes}, the last {stamp(hub.pushed_at)}"
    yield f"  {last}; without a right signature: {hub.refused}"


def _standing(hub: HubRow, public_url: str | None, now: datetime) -> str:
    if hub.state == HubState.ACTIVE and hub.lease_until is not None and hub.lease_until > now:
        return f"yes, lease until {stamp(hub.lease_until)}, asked again {stamp(hub.next_at)}"
    if public_url is None:
        return _NO_ADDRESS
    if not hub.offered:
        return "no, its last document named no hub any more"
    return f"no ({hub.state}): {hub.why}; asked again {stamp(hub.next_at)}"


def article_lines(feed: Feed, articles: Sequence[ArticleRow]) -> Iterator[str]:
    """Whether the articles of a feed's stubs are fetched, and what became of the last."""
    if not feed.full_text and not is_available():
        yield f"full text: no, {EXTRA} is not installed (install it and start the service again)"
    elif not feed.full_text:
        yield "full text: no, the settings say never, or the feed is a file"
    else:
        yield "full text: of entries that are only stubs, but for history" + (
            "" if articles else "; none so far"
        )
    for one in articles:
        yield f"  {stamp(one.at)}  {_outcome(one)}  {one.found_url or one.url}"


def _outcome(article: ArticleRow) -> str:
    if article.outcome is None or (article.at is None and article.state == "pending"):
        return f"waits, because {article.stub}"
    again = f", again {stamp(article.next_at)}" if article.state == "pending" else ""
    return f"{article.outcome}: {article.why}{again}"
