"""A dark feed is an alert, once, and its return another, through a real webhook receiver and mail server."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta

from service import wiring
from service.alerts.channels import MailChannel, WebhookChannel
from service.alerts.mail import MailTransport
from service.alerts.webhook import WebhookTransport
from service.core.model import Subscription
from service.doorbell import Work
from service.net import GuardedClient
from service.scheduler import dark_once, poll_once
from service.store.ledger import Ledger
from tests.alert_examples import BASE_URL
from tests.fakes_feeds import FeedServer
from tests.fakes_receivers import SECRET, MailServer, WebhookReceiver
from tests.fakes_store import a_feed
from workers.deliveries import deliver_due

ATOM = b'<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title></feed>'
WATCHFUL = Subscription("all", channels=("hook", "mail"))
OF_FORD = Subscription("ford", watchlist=("Ford",), channels=("hook",))
BOTH = (WATCHFUL, OF_FORD)


class Day:
    """A service whose clock stands where a test puts it: polls and sends when told to."""

    def __init__(self, ledger: Ledger, hook: WebhookReceiver, mail: MailServer) -> None:
        # A receiver refuses signatures that are old, so the day that is played ends about now.
        self.now = wiring.utc_now() - timedelta(hours=60)
        self.ledger, self.rung, self.url = ledger, [], hook.url
        sender, recipients = "watch@example.org", ("desk@example.org",)
        self.mail = MailTransport(
            MailChannel("mail", "127.0.0.1", mail.port, "none", None, None, sender, recipients), BASE_URL
        )

    def ring(self, work: Work) -> None:
        self.rung.append(work)

    def clock(self) -> datetime:
        return self.now

    def client(self) -> GuardedClient:
        return GuardedClient(allow_networks=("127.0.0.0/8",), user_agent="rumorwatch-test")

    def poll(self, hours: float) -> None:
        """Polls whatever is due, every five hours."""
        for _ in range(round(hours / 5)):
            self.now += timedelta(hours=5)
            poll_once(self.ledger, self.client, self, self.clock, lambda: BOTH)
            dark_once(self.ledger, self, self.clock, lambda: BOTH)

    def send(self) -> None:
        async def whole() -> None:
            client = self.client()
            hook = WebhookTransport(WebhookChannel("hook", self.url, (SECRET,)), client, BASE_URL)
            try:
                await deliver_due(self.ledger, {"hook": hook, "mail": self.mail}, wiring.utc_now)
            finally:
                await client.close()

        asyncio.run(whole())


def test_a_feed_that_goes_dark_and_comes_back_is_told_twice_on_each_channel(ledger: Ledger) -> None:
    with FeedServer() as server, WebhookReceiver() as hook, MailServer() as mail:
        server.serve("/feed", ATOM, status=500)
        day = Day(ledger, hook, mail)
        ledger.feeds.declare([a_feed(url=server.url("/feed"))], day.now)
        day.poll(30)
        assert day.rung == [Work.DELIVERIES]
        day.send()
        server.serve("/feed", ATOM)
        day.poll(15)
        day.send()
        bodies = [json.loads(request.body) for request in hook.received]
        assert [body["type"] for body in bodies] == ["feed.dark", "feed.back"]
        assert all(request.problem is None for request in hook.received)
        assert {body["data"]["subscription"] for body in bodies} == {"all"}
        subjects = [str(one.message["Subject"]) for one in mail.mails]
        assert [" ".join(subject.split()[:4]) for subject in subjects] == [
            "The feed The Wire",
            "The feed The Wire",
        ]
        assert len({one.message["References"] for one in mail.mails}) == 1
        rows = ledger.reports.alerts().items
        assert [(row.alert.event, row.deliveries) for row in rows] == [
            ("feed.back", (("hook", "delivered"), ("mail", "delivered"))),
            ("feed.dark", (("hook", "delivered"), ("mail", "delivered"))),
        ]
        assert ledger.reports.counts(day.now).alerts == 2


def test_a_feed_that_is_gone_is_told_in_the_commit_that_pauses_it(ledger: Ledger) -> None:
    with FeedServer() as server, WebhookReceiver() as hook, MailServer() as mail:
        server.serve("/feed", ATOM, status=410)
        day = Day(ledger, hook, mail)
        ledger.feeds.declare([a_feed(url=server.url("/feed"))], day.now)
        day.poll(50)
    told = [row.alert.event for row in ledger.reports.alerts().items]
    assert told[0] == "feed.gone"
    assert [row.state for row in ledger.reports.feeds()] == ["gone"]
    assert told.count("feed.gone") == 1
