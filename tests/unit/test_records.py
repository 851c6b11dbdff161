"""Track records: counted by hand here, and never said of too few."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from service.core.model import Kind, Reason, Role, Status, Strength
from service.core.records import ENOUGH, Line, PartyRecord, Subject, party_records, records, share


def a_report(story: str, status: Status, outlet: str = "Daily", **parts) -> Line:
    return Line(story, status, Kind.RUMOR, Reason.RUMOR, outlet=outlet, **parts)


def a_denial(
    story: str, status: Status, party: str = "Ford", strength: Strength = Strength.FLAT, **parts
) -> Line:
    parts = {"role": Role.PRINCIPAL, "reason": Reason.FIRST_DENIAL_BY_PARTY, **parts}
    return Line(story, status, Kind.DENIAL, party=party, strength=strength, outlet="Wire", **parts)


def a_turn(story: str, status: Status, party: str = "Ford") -> Line:
    return Line(story, status, Kind.CONFIRMATION, Reason.REVERSAL, party, Role.PRINCIPAL, outlet="Wire")


LINES = [
    a_report("s1", Status.DENIED),
    a_denial("s1", Status.DENIED, strength=Strength.NOT_AWARE),
    a_denial("s1", Status.DENIED, reason=Reason.STRONGER_DENIAL),
    a_report("s2", Status.CONFIRMED, party="Reuters", role=Role.OUTLET, speaker="Ann Ray"),
    a_denial("s2", Status.CONFIRMED),
    a_turn("s2", Status.CONFIRMED),
    a_report("s3", Status.OPEN, party="people familiar", role=Role.SOURCE),
    a_report("s3", Status.OPEN, outlet="Echo"),
    a_denial("s4", Status.CONFIRMED, "Xiaomi"),
    a_turn("s4", Status.CONFIRMED, "Ford"),
]


def test_a_rumor_counts_for_those_in_its_first_report():
    found = {(one.subject, one.name): one for one in records(LINES)}
    assert set(found) == {
        (Subject.OUTLET, "Daily"),
        (Subject.OUTLET, "Reuters"),
        (Subject.REPORTER, "Ann Ray"),
        (Subject.SOURCE, "people familiar"),
    }
    daily = found[(Subject.OUTLET, "Daily")]
    assert (daily.opened, daily.denied, daily.confirmed, daily.unresolved, daily.reversed) == (3, 1, 1, 1, 1)
    assert (daily.denied_flat, daily.denied_limited, daily.denied_not_aware) == (1, 0, 0)
    assert daily.confirmed_share is None


def test_a_party_that_denied_is_told_what_became_of_it():
    assert party_records(LINES) == (
        PartyRecord("Ford", denied=2, turned=1, overturned=0, reversed_share=None),
        PartyRecord("Xiaomi", denied=1, turned=0, overturned=1, reversed_share=None),
    )


def test_a_confirmation_before_the_denial_is_no_turn():
    lines = [a_turn("s", Status.DENIED), a_denial("s", Status.DENIED)]
    assert party_records(lines)[0].turned == 0


@pytest.mark.parametrize(
    "parts", [{"role": Role.SOURCE}, {"strength": Strength.NON_DENIAL}, {"role": None}], ids=str
)
def test_a_denial_that_denies_nothing_is_on_no_record(parts):
    assert party_records([a_denial("s", Status.OPEN, **parts)]) == ()


# Against the worked example of a standard table: 81 of 263 is 0.2553 to 0.3662.
@pytest.mark.parametrize(
    ("part", "of", "low", "high"), [(81, 263, 0.2553, 0.3662), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)]
)
def test_a_share_has_the_interval_of_wilson(part, of, low, high):
    found = share(part, of)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.0002)


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_share_lies_in_its_interval_and_too_few_have_none(part, rest):
    found = share(part, part + rest)
    assert (found is None) == (part + rest < ENOUGH)
    if found is not None:
        assert 0 <= found.low <= found.part / found.of <= found.high <= 1


def test_enough_cases_have_a_share():
    lines = [a_report(f"s{n}", Status.CONFIRMED if n < 4 else Status.DENIED) for n in range(12)]
    (record,) = records(lines)
    assert record.confirmed_share is not None
    assert (record.confirmed_share.part, record.confirmed_share.of) == (4, 12)
