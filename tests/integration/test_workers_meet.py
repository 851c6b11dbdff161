"""Workers that meet two reports of one rumor at the same moment end with one story, on both databases."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from service.core.alerting import EVERYTHING
from service.core.feed import Feed, NewRevision as Revision, PollPlan
from service.core.text import fingerprint
from service.errors import Conflict
from service.lexicons import load_knowledge
from service.store.ledger import Ledger
from workers.items import Rules, handle_item

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)
REPORT = "{who} is in talks with Xiaomi on a joint venture, people familiar with the matter told {outlet}."
COMPANIES = ("Ford", "Volkswagen", "Renault", "Toyota", "Volvo", "Stellantis")


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules(load_knowledge(["en"]), (EVERYTHING,))


def store(ledger: Ledger, feed: str, texts: list[str]) -> None:
    """One poll of a feed of its own, with an item for each text."""
    ledger.feeds.declare([*ledger_feeds(ledger), Feed(feed, f"https://{feed}.example.org/", feed)], NOON)
    revisions = tuple(
        Revision(
            item_id=f"{feed}-{number}",
            fingerprint=fingerprint("", text),
            guid=None,
            title="",
            text=text,
            url=None,
            outlet=feed,
            lang="en",
            published=NOON,
            told_at=NOON,
            position=number,
            backfill=False,
            reason="new",
        )
        for number, text in enumerate(texts)
    )
    plan = PollPlan(revisions, NOON + timedelta(hours=1), None, None, True, 0, "fetched", "test", 200)
    assert ledger.feeds.commit_poll(feed, plan, NOON) == len(texts)


def ledger_feeds(ledger: Ledger) -> list[Feed]:
    return [Feed(row.id, row.url, row.outlet) for row in ledger.reports.feeds()]


def work(ledger: Ledger, rules: Rules, start: threading.Barrier, failures: list[BaseException]) -> None:
    start.wait(10)
    try:
        while (claimed := ledger.items.claim(NOON, 60)) is not None:
            for _ in range(10):
                try:
                    handle_item(ledger, rules, claimed, NOON)
                    break
                except Conflict:
                    continue
    except BaseException as error:
        failures.append(error)
        raise


def test_two_reports_at_once_are_one_story(ledger, rules):
    for outlet in ("reuters", "bloomberg"):
        store(ledger, outlet, [REPORT.format(who=who, outlet=outlet.title()) for who in COMPANIES])
    start, failures = threading.Barrier(2), []
    crew = [threading.Thread(target=work, args=(ledger, rules, start, failures)) for _ in range(2)]
    for worker in crew:
        worker.start()
    for worker in crew:
        worker.join(60)
    assert failures == []
    stories = ledger.reports.stories(limit=200).items
    assert sorted(story.reports for story in stories) == [2] * len(COMPANIES)
    assert ledger.reports.counts(NOON).revisions_waiting == 0
