"""The webhook against a real receiver on loopback."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from service.alerts.channels import WebhookChannel
from service.alerts.render import webhook_body
from service.alerts.transport import Sent
from service.alerts.webhook import WebhookTransport
from service.errors import AddressRefused, OutgoingError, ReceiverGone
from service.net import GuardedClient
from tests.alert_examples import BASE_URL, denial
from tests.fakes_receivers import SECRET, Answer, Does, WebhookReceiver, why_not_verified

OTHER_SECRET = "whsec_" + "QUFB" * 8


def with_transport(
    url: str,
    work: Callable[[WebhookTransport], Awaitable[Any]],
    *,
    secrets: tuple[str, ...] = (SECRET,),
    timeout_seconds: float = 5.0,
    allow: tuple[str, ...] = ("127.0.0.0/8",),
) -> Any:
    async def whole() -> Any:
        client = GuardedClient(allow_networks=allow, user_agent="rumorwatch-test")
        channel = WebhookChannel("hook", url, secrets, timeout_seconds)
        try:
            return await work(WebhookTransport(channel, client, BASE_URL))
        finally:
            await client.close()

    return asyncio.run(whole())


def send(url: str, **settings: Any) -> Sent:
    """Send the example alert once, now."""
    sent = with_transport(url, lambda hook: hook.send("msg_1", denial(), datetime.now(UTC)), **settings)
    assert isinstance(sent, Sent)
    return sent


def failure(url: str, **settings: Any) -> OutgoingError:
    with pytest.raises(OutgoingError) as caught:
        send(url, **settings)
    return caught.value


def test_an_alert_arrives_signed_and_whole() -> None:
    with WebhookReceiver(Answer(202, b"thanks")) as receiver:
        assert send(receiver.url) == Sent(202, "thanks")
        (request,) = receiver.received
    assert request.problem is None
    assert request.id == "msg_1"
    assert request.body == webhook_body(denial(), BASE_URL)
    assert request.user_agent == "rumorwatch-test"


def test_a_receiver_refuses_what_was_changed_on_the_way() -> None:
    with WebhookReceiver() as receiver:
        send(receiver.url)
        (request,) = receiver.received
    headers = {
        "webhook-id": request.id,
        "webhook-timestamp": request.timestamp,
        "webhook-signature": request.signature,
    }
    assert why_not_verified(SECRET, request.body, headers) is None
    assert why_not_verified(SECRET, request.body.replace(b"Xiaomi", b"Xiaom1"), headers)
    assert why_not_verified(SECRET, request.body, {**headers, "webhook-id": "msg_2"})
    assert why_not_verified(OTHER_SECRET, request.body, headers)


def test_headers_that_a_person_gave_go_with_it_and_never_in_the_place_of_ours() -> None:
    async def whole(url: str) -> None:
        async with GuardedClient(allow_networks=("127.0.0.0/8",), user_agent="rumorwatch-test") as client:
            channel = WebhookChannel("hook", url, (SECRET,), 5.0, (("Authorization", "Bearer abc"),))
            await WebhookTransport(channel, client, BASE_URL).send("msg_1", denial(), datetime.now(UTC))

    with WebhookReceiver() as receiver:
        asyncio.run(whole(receiver.url))
        (request,) = receiver.received
    assert request.problem is None
    assert dict(request.headers)["Authorization"] == "Bearer abc"


@pytest.mark.parametrize("kept", [SECRET, OTHER_SECRET])
def test_while_a_secret_is_changed_receivers_with_either_accept(kept: str) -> None:
    with WebhookReceiver(secret=kept) as receiver:
        send(receiver.url, secrets=(OTHER_SECRET, SECRET))
        assert receiver.received[0].problem is None


def test_a_second_try_has_the_same_id_and_body_and_a_new_timestamp() -> None:
    async def twice(hook: WebhookTransport) -> None:
        with pytest.raises(OutgoingError):
            await hook.send("msg_7", denial(), datetime(2026, 2, 3, 15, 0, tzinfo=UTC))
        await hook.send("msg_7", denial(), datetime(2026, 2, 3, 15, 0, 5, tzinfo=UTC))

    with WebhookReceiver(Answer(500)) as receiver:
        with_transport(receiver.url, twice)
        first, second = receiver.received
    assert (first.id, first.body_hash) == (second.id, second.body_hash)
    assert int(second.timestamp) - int(first.timestamp) == 5
    assert first.signature != second.signature


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_a_delivery(status: int) -> None:
    body = b"" if status == 204 else b"ok"
    with WebhookReceiver(Answer(status, body)) as receiver:
        assert send(receiver.url).status == status


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, False), (401, False), (404, False), (410, True), (429, False), (500, False), (503, False)],
)
def test_only_gone_is_permanent(status: int, permanent: bool) -> None:
    with WebhookReceiver(Answer(status, b"no\x1b[31m\r\nway")) as receiver:
        error = failure(receiver.url)
    assert (error.status, error.permanent, error.answer) == (status, permanent, "no[31m way")
    assert isinstance(error, ReceiverGone) is permanent


def test_the_receivers_wish_is_handed_on() -> None:
    with WebhookReceiver(Answer(429, headers=(("Retry-After", "90"),))) as receiver:
        assert failure(receiver.url).retry_after == 90


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    with WebhookReceiver() as elsewhere:
        answer = Answer(status, headers=(("Location", elsewhere.url),))
        with WebhookReceiver(answer) as receiver:
            error = failure(receiver.url)
        assert elsewhere.received == []
    assert error.status == status
    assert not error.permanent
    assert "never follows" in str(error)


@pytest.mark.parametrize("does", [Does.HANG, Does.DRIP])
def test_a_receiver_that_hangs_is_cut_off_at_the_timeout(does: Does) -> None:
    with WebhookReceiver(Answer(does=does)) as receiver:
        started = time.monotonic()
        error = failure(receiver.url, timeout_seconds=0.3)
        assert 0.25 < time.monotonic() - started < 2.0
    assert not error.permanent


def test_a_hanging_receiver_keeps_no_other_waiting() -> None:
    with WebhookReceiver(usual=Answer(does=Does.HANG)) as slow, WebhookReceiver() as quick:

        async def both(hook: WebhookTransport) -> float:
            client = GuardedClient(allow_networks=("127.0.0.0/8",), user_agent="rumorwatch-test")
            other = WebhookTransport(WebhookChannel("quick", quick.url, (SECRET,)), client, BASE_URL)
            hanging = [
                asyncio.create_task(hook.send(f"msg_{n}", denial(), datetime.now(UTC))) for n in range(20)
            ]
            started = time.monotonic()
            await other.send("msg_q", denial(), datetime.now(UTC))
            took = time.monotonic() - started
            results = await asyncio.gather(*hanging, return_exceptions=True)
            await client.close()
            assert all(isinstance(result, OutgoingError) for result in results)
            return took

        assert with_transport(slow.url, both, timeout_seconds=1.5) < 1.0


def test_a_receiver_that_cuts_before_the_answer_is_tried_again() -> None:
    with WebhookReceiver(Answer(does=Does.CUT)) as receiver:
        error = failure(receiver.url)
        assert len(receiver.received) == 1
    assert not error.permanent
    assert error.status is None


def test_a_long_answer_is_read_no_further_than_64_kb_and_kept_to_500_characters() -> None:
    with WebhookReceiver(Answer(200, b"word " * 2_000_000)) as receiver:
        sent = send(receiver.url)
    assert sent.status == 200
    assert len(sent.answer) <= 500
    assert sent.answer.startswith("word word")


def test_an_answer_without_an_end_is_left_after_64_kb() -> None:
    with WebhookReceiver(Answer(200, b"word " * 20_000, does=Does.DRIP)) as receiver:
        assert send(receiver.url, timeout_seconds=2.0).status == 200


def test_nobody_listening_is_a_failure_that_may_pass() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        error = failure(f"http://127.0.0.1:{taken.getsockname()[1]}/hook")
    assert not error.permanent


def test_a_private_address_is_refused_and_never_connected_to() -> None:
    with WebhookReceiver() as receiver:
        assert isinstance(failure(receiver.url, allow=()), AddressRefused)
        assert receiver.received == []
