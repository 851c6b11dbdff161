"""What may be forgotten, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from service.core.model import Due
from service.core.retention import FOR_EVER, Forgotten, Keeping, cutoffs, is_quiet

NOW = datetime(2026, 3, 1, 3, 30, tzinfo=UTC)


def test_what_is_kept_for_ever_has_no_cutoff():
    assert cutoffs(FOR_EVER, NOW) == ()
    (only,) = cutoffs(Keeping(0, 0, 7, 0), NOW)
    assert (only.what, only.before) == (Forgotten.ATTEMPTS, NOW - timedelta(days=7))


def test_no_text_goes_before_its_story_is_dormant():
    (only,) = cutoffs(Keeping(0, 1, 0, 0), NOW)
    assert only.before == NOW - timedelta(days=180)


@pytest.mark.parametrize(
    ("hour", "due", "quiet"),
    [
        (0, Due(), False),
        (1, Due(), True),
        (4, Due(), True),
        (5, Due(), False),
        (14, Due(), False),
        (3, Due(revisions=1), False),
        (3, Due(deliveries=1), False),
    ],
)
def test_it_forgets_in_the_small_hours_and_when_no_work_waits(hour, due, quiet):
    assert is_quiet(NOW.replace(hour=hour), due) is quiet
