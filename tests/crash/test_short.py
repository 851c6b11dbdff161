"""The short form: tens of kills and every named place once, on each store: nothing lost, nothing doubled."""

from __future__ import annotations

import random

import pytest

from tests.crash.harness import Plan, run, say

# Shorter leases than a service has, so that a killed worker costs CI five seconds and not twenty.
SHORT = {"items": 160, "feeds": 5, "lease_seconds": 5.0, "sweep_seconds": 1.0, "most_seconds": 240.0}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_nothing_is_lost_and_nothing_is_shown_twice_whatever_dies(store, tmp_path):
    seed = random.randrange(1_000_000)
    plan = Plan(store=store, kills=12, pause=1.0, ordinals=1, seed=seed, wipes=True, **SHORT)
    outcome = run(plan, tmp_path)
    say(outcome)
    assert outcome.clean, str(outcome)
    assert len(outcome.reached) >= 14, str(outcome)
    assert max(outcome.recovery.seconds, default=0.0) <= 15.0, str(outcome)
