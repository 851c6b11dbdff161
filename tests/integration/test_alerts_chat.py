"""Chats against a receiver on loopback: each gets its own shape, and no title calls or leads anywhere."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from service.alerts.chat.apprise import AppriseChannel, AppriseTransport
from service.alerts.chat.send import SERVICES, ChatChannel, ChatTransport
from service.alerts.lines import tongue_of
from service.alerts.render import view
from service.alerts.transport import Sent
from service.channel_kinds import channel_of, problems
from service.channel_settings import TelegramSettings
from service.core.messages import ChannelTest, Digest, Told
from service.core.words import Hold
from service.errors import AddressRefused, OutgoingError, ReceiverGone, SettingsError
from service.net import GuardedClient
from tests.alert_examples import BASE_URL, RUMOR, XIAOMI_DENIES, denial, reversal
from tests.chat_rules import RULES, strings
from tests.fakes_receivers import Answer, Does, WebhookReceiver

NOW = datetime(2026, 2, 3, 15, 0, tzinfo=UTC)
EVIL = (
    "@everyone <!channel> <!here> <@U024BE7LH> @channel @here [gift](https://evil.example/x) **now** "
    "_see_ `x` "
    "<https://evil.example|bank> www.evil.example evil.example/login /start #tag <at>Ann</at> ||spoiler|| "
    "\u202etxt \u2060@room\x1b[31m"
)
LOOPBACK = ("127.0.0.0/8",)


def evil() -> Told:
    """An alert of which every word that a feed wrote would like to do something."""
    quoted = replace(XIAOMI_DENIES, text=EVIL, title=EVIL, outlet=EVIL, party=EVIL)
    rumor = replace(RUMOR, text=EVIL, title=EVIL, outlet=EVIL)
    positions = tuple(replace(one, party=EVIL) for one in denial().positions)
    return replace(
        denial(), claim=EVIL, party=EVIL, evidence=quoted, rumor=rumor, positions=positions, subscription=EVIL
    )


def huge() -> Told:
    """As much as a message can be."""
    words = "關於此事純屬子虛烏有 " * 200
    quoted = replace(
        XIAOMI_DENIES, text="😀" * 40 + words, title=words, url="https://x.example/" + "a" * 1900
    )
    one = replace(denial(), claim=words, evidence=quoted, positions=denial().positions * 40)
    return Digest("dg_1", "all", NOW, NOW, (Hold.STORM,), 4000, alerts=(one,) * 50)


MESSAGES: dict[str, Told] = {
    "denial": denial(),
    "reversal": reversal(),
    "evil": evil(),
    "huge": huge(),
    "huge alone": huge().alerts[0],  # type: ignore[union-attr]
    "chinese": replace(denial(), language="zh"),
    "test": ChannelTest("ct_1", "newsroom", NOW),
}


def body(service: str, message: Told) -> dict[str, Any]:
    return SERVICES[service].body(view(message, BASE_URL), tongue_of(message), "-1001")


def send(service: str, url: str, message: Told | None = None, *, allow: tuple[str, ...] = LOOPBACK) -> Sent:
    async def whole() -> Sent:
        async with GuardedClient(allow_networks=allow, user_agent="rumorwatch-test") as client:
            transport = ChatTransport(ChatChannel("newsroom", service, url, "-1001", 5.0), client, BASE_URL)
            return await transport.send("msg_1", message or denial(), NOW)

    return asyncio.run(whole())


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("what", MESSAGES)
def test_each_chat_gets_what_it_asks_for(service: str, what: str) -> None:
    RULES[service](body(service, MESSAGES[what]))


@pytest.mark.parametrize("service", SERVICES)
def test_a_denial_arrives_with_both_quotations_and_their_addresses(service: str) -> None:
    with WebhookReceiver(Answer(200, b'{"ok": true}')) as receiver:
        assert send(service, receiver.url).status == 200
        (request,) = receiver.received
    told = json.loads(request.body)
    RULES[service](told)
    words = " ".join(strings(told)).replace("\u2060", "").replace("\\", "")
    for part in ("Xiaomi denies it flatly", "is completely false", "has held talks", "2 days 11 h after"):
        assert part in words
    for address in (XIAOMI_DENIES.url, RUMOR.url, f"{BASE_URL}/stories/"):
        assert str(address) in json.dumps(told).replace("&amp;", "&").replace("\\\\", "")


@pytest.mark.parametrize("service", SERVICES)
def test_a_chat_speaks_the_language_of_its_subscription(service: str) -> None:
    chinese = " ".join(strings(body(service, MESSAGES["chinese"])))
    assert "Why you get this" not in chinese
    assert "为何收到" in chinese
    assert "The story is The" not in " ".join(strings(body(service, denial())))


# What a chat would see in plain words: a call, an address, a domain, a command, a tag.
LIVE = re.compile(r"@[a-z]|://|\bwww\.\w|[a-z]\.[a-z]{2}|(?:^|\s)[/#][a-z]", re.IGNORECASE)
MARKUP = {
    "slack": re.compile(r"<(?!http)"),  # in mrkdwn and the fallback; plain_text knows none
    "discord": re.compile(r"(?<!\\)[*_~`|>#\[\]()<]"),
    "teams": None,
    "telegram": None,
}


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_that_a_feed_wrote_calls_anybody_or_leads_anywhere(service: str) -> None:
    told = body(service, evil())
    ours = re.compile(r"<https?://[^<>|]*(?:\|[^<>]*)?>")  # links of ours, in the chat's own form
    texts = [ours.sub("", text) for text in strings(told)]
    found = [hit.group() for text in texts for hit in LIVE.finditer(text)]
    assert found == []
    assert all("\x1b" not in text and "\u202e" not in text for text in texts)
    markup = MARKUP[service]
    if service == "slack":
        marked = [told["text"], *(one["text"] for one in _elements(told) if one["type"] == "mrkdwn")]
        texts = [ours.sub("", text) for text in marked]
    if markup is not None:
        assert [hit.group() for text in texts for hit in markup.finditer(text)] == []


def _elements(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for block in told["blocks"] for one in block.get("elements", [])]


@pytest.mark.parametrize(
    ("service", "answer", "kind"),
    [
        ("slack", Answer(410, b"channel_is_archived"), "gone"),
        ("slack", Answer(404, b"no_service"), "gone"),
        ("slack", Answer(404, b"not today"), "later"),
        ("slack", Answer(400, b"invalid_payload"), "never"),
        ("discord", Answer(404, b'{"message": "Unknown Webhook", "code": 10015}'), "gone"),
        ("discord", Answer(404, b'{"code": 0}'), "later"),
        ("discord", Answer(429, b"{}", (("Retry-After", "7"),)), "later"),
        ("teams", Answer(410, b""), "gone"),
        ("teams", Answer(413, b""), "never"),
        ("telegram", Answer(403, b'{"description": "Forbidden: bot was blocked by the user"}'), "gone"),
        ("telegram", Answer(401, b'{"description": "Unauthorized"}'), "later"),
        ("telegram", Answer(429, b'{"parameters": {"retry_after": 7}}'), "later"),
        ("teams", Answer(302, b"", (("Location", "http://127.0.0.1:9/"),)), "later"),
        ("slack", Answer(does=Does.CUT), "later"),
    ],
)
def test_what_an_answer_means(service: str, answer: Answer, kind: str) -> None:
    with WebhookReceiver(answer) as receiver, pytest.raises(OutgoingError) as caught:
        send(service, receiver.url)
    error = caught.value
    found = "gone" if isinstance(error, ReceiverGone) else "never" if error.permanent else "later"
    assert found == kind
    assert answer.status != 429 or error.retry_after == 7
    assert "hook" not in str(error)  # the address is a secret


def test_a_chat_at_a_private_address_is_refused_and_never_connected_to() -> None:
    with WebhookReceiver() as receiver:
        with pytest.raises(AddressRefused):
            send("slack", receiver.url, allow=())
        assert receiver.received == []


def test_a_chat_shows_no_secret_and_a_wrong_one_is_named() -> None:
    given = {"kind": "telegram", "name": "phone", "token": "123456:" + "a" * 30, "chat": "-1001"}
    channel = channel_of(TelegramSettings.model_validate(given))
    assert isinstance(channel, ChatChannel)
    assert channel.url == f"https://api.telegram.org/bot123456:{'a' * 30}/sendMessage"
    assert "aaaa" not in repr(channel)
    for field, wrong in (("token", "hunter2/../x"), ("chat", "-1001&x")):
        with pytest.raises(SettingsError, match=f"'phone': {field} must") as caught:
            channel_of(TelegramSettings.model_validate(given | {field: wrong}))
        assert "hunter2" not in str(caught.value)
    assert problems(ChatChannel("x", "slack", "ftp://x")) == ("url must be http:// or https:// with a host",)
    assert "apprise's form" in problems(AppriseChannel("x", "hunter2"))[0]


def apprise(url: str, *, allow: tuple[str, ...] = LOOPBACK, seconds: float = 20.0) -> Sent:
    transport = AppriseTransport(AppriseChannel("push", url, seconds), BASE_URL, allow)
    return asyncio.run(transport.send("msg_1", evil(), NOW))


def test_what_apprise_sends_passes_our_guard_and_only_that() -> None:
    with WebhookReceiver() as receiver:
        url = f"json://127.0.0.1:{receiver.port}/hunter2"
        assert apprise(url).answer == "taken"
        with pytest.raises(OutgoingError) as caught:
            apprise(url, allow=())
        (request,) = receiver.received
    assert request.path == "/hunter2"
    told = json.loads(request.body)
    assert not LIVE.search(told["title"])
    assert told["message"].endswith(f"Story: {BASE_URL}/stories/{denial().story_id}")  # type: ignore[union-attr]
    assert not caught.value.permanent
    assert "hunter2" not in f"{caught.value} {caught.value.answer}"


def test_a_receiver_that_hangs_ends_the_child_and_a_service_that_is_none_is_said() -> None:
    with (
        WebhookReceiver(Answer(does=Does.HANG)) as receiver,
        pytest.raises(OutgoingError, match="longer than 3 s"),
    ):
        apprise(f"json://127.0.0.1:{receiver.port}/", seconds=3)
    with pytest.raises(OutgoingError) as caught:
        apprise("nosuch://host")
    assert "knows no service" in caught.value.answer
