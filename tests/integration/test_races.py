"""Two workers that meet two reports of one rumor at once, many times over, on both databases.

`python -m benchmarks.races` runs ten thousand of them.
"""

from __future__ import annotations

from benchmarks.races import race
from service.core.alerting import EVERYTHING
from service.core.decisions import in_force
from service.store.ledger import Ledger
from tests.builders import NOON
from workers.curating import Desk

RACES = 60


def test_every_race_ends_with_one_story_and_nothing_lost(ledger_url):
    ledger = Ledger.open(ledger_url)
    outcome = race(ledger, ledger_url, RACES)
    ledger.close()
    assert outcome.clean, outcome


def test_more_workers_than_feeds_lose_nothing_either(ledger_url):
    ledger = Ledger.open(ledger_url)
    outcome = race(ledger, ledger_url, RACES // 3, workers=4)
    ledger.close()
    assert outcome.clean, outcome


def test_decisions_taken_while_workers_race_are_all_kept(ledger_url):
    import threading

    ledger = Ledger.open(ledger_url)
    race(ledger, ledger_url, 6)
    ids = sorted(row.id for row in ledger.reports.stories(limit=50).items)
    failures: list[BaseException] = []

    def merge(pairs: list[tuple[str, str]]) -> None:
        try:
            for story, into in pairs:
                Desk(ledger, (EVERYTHING,), "Ada", NOON).merge(story, into)
        except BaseException as error:
            failures.append(error)
            raise

    crew = [
        threading.Thread(target=merge, args=([(ids[n], ids[5]) for n in part],)) for part in ((0, 2), (1, 3))
    ]
    for worker in crew:
        worker.start()
    for worker in crew:
        worker.join(60)
    assert failures == []
    with ledger.looking() as transaction:
        assert len(in_force(transaction.decisions())) == 4
    rows = {row.id: row.reports for row in ledger.reports.stories(limit=50).items}
    assert rows == {ids[4]: 2, ids[5]: 10}
    ledger.close()
