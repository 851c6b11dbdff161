"""Signatures that a receiver with the known package accepts, and no others."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
import traceback
from datetime import UTC, datetime, timedelta, timezone

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from service.alerts.signing import secret_bytes, signed_headers
from service.errors import SettingsError

BODY = b'{"type":"story.denied","data":{}}'


def secret_of(seed: int, size: int = 32) -> str:
    return "whsec_" + base64.b64encode(random.Random(seed).randbytes(size)).decode()


def verified(secret: str, headers: tuple[tuple[str, str], ...], body: bytes = BODY) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except WebhookVerificationError:
        return False
    return True


def test_the_package_verifies_and_refuses_what_was_changed() -> None:
    secret, now = secret_of(1), datetime.now(UTC)
    headers = signed_headers("msg_1", now, BODY, (secret,))
    assert verified(secret, headers)
    assert not verified(secret, headers, BODY + b" ")
    assert not verified(secret_of(2), headers)
    for name, other in (("webhook-id", "msg_2"), ("webhook-timestamp", str(int(now.timestamp()) - 1))):
        assert not verified(secret, tuple({**dict(headers), name: other}.items())), name


def test_an_old_message_is_refused_by_the_package() -> None:
    secret = secret_of(1)
    assert not verified(
        secret, signed_headers("msg_1", datetime.now(UTC) - timedelta(minutes=6), BODY, (secret,))
    )


def test_two_secrets_give_two_signatures_and_both_receivers_accept() -> None:
    old, new = secret_of(1), secret_of(2)
    headers = signed_headers("msg_1", datetime.now(UTC), BODY, (new, old))
    assert len(dict(headers)["webhook-signature"].split(" ")) == 2
    assert verified(old, headers)
    assert verified(new, headers)
    assert not verified(secret_of(3), headers)


def test_the_signature_is_the_hmac_of_id_timestamp_and_body() -> None:
    key = bytes(range(24))
    secret = "whsec_" + base64.b64encode(key).decode()
    at = datetime(2026, 2, 3, 16, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    expected = hmac.new(key, b"msg_1.1770130800." + BODY, hashlib.sha256).digest()
    assert signed_headers("msg_1", at, BODY, (secret,)) == (
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", "1770130800"),
        ("webhook-signature", "v1," + base64.b64encode(expected).decode()),
    )


def test_ten_thousand_signatures_are_verified_and_none_is_taken_for_another() -> None:
    secrets, now = [secret_of(seed, 24 + seed % 41) for seed in range(100)], datetime.now(UTC)
    for number in range(10_000):
        body = f'{{"n":{number},"party":"小米"}}'.encode()
        secret, other = secrets[number % 100], secrets[(number + 1) % 100]
        headers = signed_headers(f"msg_{number}", now, body, (secret,))
        assert verified(secret, headers, body)
        assert not verified(other, headers, body)


@pytest.mark.parametrize("size", [24, 25, 26, 64])
def test_a_secret_may_come_without_its_padding(size: int) -> None:
    assert secret_bytes(secret_of(5, size).rstrip("=")) == random.Random(5).randbytes(size)


@pytest.mark.parametrize(
    "secret",
    [
        secret_of(1, 23),
        secret_of(1, 65),
        "whsec_",
        "",
        secret_of(1)[6:],
        secret_of(1) + "!",
        "whsec_é" + "a" * 40,
    ],
)
def test_a_bad_secret_is_refused_in_a_sentence_that_does_not_show_it(secret: str) -> None:
    with pytest.raises(SettingsError) as caught:
        signed_headers("msg_1", datetime.now(UTC), BODY, (secret,))
    shown = "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert not secret.removeprefix("whsec_") or secret.removeprefix("whsec_") not in shown


def test_without_a_secret_nothing_is_sent_unsigned() -> None:
    with pytest.raises(SettingsError, match="at least one secret"):
        signed_headers("msg_1", datetime.now(UTC), BODY, ())
