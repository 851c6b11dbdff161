"""Alerts that the tests of alerts/ render and send."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from service.core.model import (
    Alert,
    EventType,
    Kind,
    Position,
    Quotation,
    Reason,
    Role,
    Status,
    Strength,
)

BASE_URL = "http://127.0.0.1:8080"
CLAIM = "Ford in talks with Xiaomi on a US joint venture"

RUMOR = Quotation(
    text="Ford Motor Company has held talks with Chinese electric vehicle manufacturer Xiaomi regarding a "
    "potential partnership to establish a joint venture in the United States",
    field="text",
    start=61,
    end=228,
    item_id="it_1111111111111111",
    url="https://longportapp.cn/en/news/274540217",
    outlet="longportapp.cn",
    title="Xiaomi Auto enters the U.S.? Reports say Ford is exploring a joint venture with Xiaomi",
    told_at=datetime(2026, 2, 1, 4, 0, tzinfo=UTC),
    kind=Kind.RUMOR,
    party=None,
    speaker=None,
)
FORD_DENIES = replace(
    RUMOR,
    text='Ford denied this, stating, "This report is completely false and has no basis in fact."',
    start=780,
    end=866,
    kind=Kind.DENIAL,
    party="Ford",
)
XIAOMI_DENIES = Quotation(
    text="“This report about a joint venture with Ford Motor Company is completely false,” the company said",
    field="text",
    start=338,
    end=435,
    item_id="it_2222222222222222",
    url="https://louisvelazquez.com/xiaomi-ford?a=1&b=2",
    outlet="louisvelazquez.com",
    title="Xiaomi issues surprising words on Ford merger",
    told_at=datetime(2026, 2, 3, 15, 0, tzinfo=UTC),
    kind=Kind.DENIAL,
    party="Xiaomi",
    speaker=None,
)
XIAOMI_CONFIRMS = replace(
    XIAOMI_DENIES,
    text="“We have signed with Ford,” Lei Jun said",
    item_id="it_3333333333333333",
    told_at=datetime(2026, 2, 5, 9, 30, tzinfo=UTC),
    kind=Kind.CONFIRMATION,
    speaker="Lei Jun",
)


def denial() -> Alert:
    """Xiaomi denies flatly what Ford has denied two days before."""
    return Alert(
        id="al_aaaaaaaaaaaaaaaa",
        subscription="watchlist",
        event=EventType.DENIED,
        reason=Reason.FIRST_DENIAL_BY_PARTY,
        story_id="st_bbbbbbbbbbbbbbbb",
        claim=CLAIM,
        status=Status.DENIED,
        kind=Kind.DENIAL,
        party="Xiaomi",
        role=Role.PRINCIPAL,
        speaker=None,
        strength=Strength.FLAT,
        at=XIAOMI_DENIES.told_at,
        evidence=XIAOMI_DENIES,
        rumor=RUMOR,
        earlier=None,
        positions=(
            Position("Ford", Kind.DENIAL, Strength.FLAT, Role.PRINCIPAL, None, RUMOR.told_at, FORD_DENIES),
            Position(
                "Xiaomi",
                Kind.DENIAL,
                Strength.FLAT,
                Role.PRINCIPAL,
                None,
                XIAOMI_DENIES.told_at,
                XIAOMI_DENIES,
            ),
        ),
    )


def reversal() -> Alert:
    """Xiaomi confirms, through its chief, what it has denied."""
    before = denial()
    return replace(
        before,
        id="al_cccccccccccccccc",
        event=EventType.REVERSED,
        reason=Reason.REVERSAL,
        status=Status.DISPUTED,
        kind=Kind.CONFIRMATION,
        role=Role.EXECUTIVE,
        speaker="Lei Jun",
        strength=None,
        at=XIAOMI_CONFIRMS.told_at,
        evidence=XIAOMI_CONFIRMS,
        earlier=XIAOMI_DENIES,
        positions=(
            before.positions[0],
            Position(
                "Xiaomi",
                Kind.CONFIRMATION,
                None,
                Role.EXECUTIVE,
                "Lei Jun",
                XIAOMI_CONFIRMS.told_at,
                XIAOMI_CONFIRMS,
            ),
        ),
    )
