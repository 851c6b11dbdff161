"""Which secrets sign while one is replaced, and that whoever holds either of them is never refused."""

from __future__ import annotations

import base64
import random
from datetime import timedelta

import pytest

from service.alerts.signing import signed_headers
from service.core.rotation import Rotation, mark_of, signing_secrets
from tests.builders import NOON
from tests.fakes_receivers import SECRET, why_not_verified

OLD, NEW, THIRD = SECRET, "whsec_" + "QUFB" * 8, "whsec_" + "QkJC" * 8
DAY = timedelta(days=1)


def rotated(given: tuple[str, ...] = (OLD,)) -> Rotation:
    return Rotation("desk", NEW, given, NOON + DAY, mark_of(given), NOON)


CASES = {
    "nothing is replaced": ((OLD,), None, 0, (OLD,)),
    "both sign": ((OLD,), rotated(), 0, (NEW, OLD)),
    "until the end": ((OLD,), rotated(), 23.9, (NEW, OLD)),
    "then the new one": ((OLD,), rotated(), 24, (NEW,)),
    "copied to the settings": ((NEW,), rotated(), 1, (NEW, OLD)),
    "copied, and over": ((NEW,), rotated(), 25, (NEW,)),
    "the settings say a third": ((THIRD,), rotated(), 1, (THIRD,)),
    "put beside the old by hand": ((NEW, OLD), rotated(), 25, (NEW, OLD)),
    "several before": ((OLD, THIRD), rotated((OLD, THIRD)), 1, (NEW, OLD, THIRD)),
}


@pytest.mark.parametrize("case", CASES)
def test_which_secrets_sign(case: str) -> None:
    given, rotation, hours, signs = CASES[case]
    assert signing_secrets(given, rotation, NOON + timedelta(hours=hours)) == signs


def test_a_rotation_shows_no_secret_when_it_is_printed() -> None:
    assert OLD not in repr(rotated())
    assert NEW not in repr(rotated())


def test_ten_thousand_signatures_are_verified_and_none_falsely() -> None:
    chance = random.Random(7)
    key = "whsec_" + base64.b64encode(chance.randbytes(32)).decode()
    now, wrongly = NOON.now(NOON.tzinfo), []
    for number in range(2500):
        body = b'"%s"' % chance.randbytes(chance.randrange(200)).hex().encode()
        signed = dict(signed_headers(f"msg_{number}", now, body, (NEW, OLD)))
        other = dict(signed_headers(f"msg_{number}", now, body, (key,)))
        lies = (
            (OLD, body, {**signed, "webhook-signature": other["webhook-signature"]}),
            (NEW, body + b" ", signed),
            (OLD, body, {**signed, "webhook-id": "msg_x"}),
            (key, body, signed),
        )
        holds = [why_not_verified(secret, body, signed) for secret in (OLD, NEW)]
        holds += [why_not_verified(key, body, other), why_not_verified(OLD, body, signed)]
        if any(holds) or not all(why_not_verified(*lie) for lie in lies[number % 4 : number % 4 + 1]):
            wrongly.append(number)
    assert wrongly == []
