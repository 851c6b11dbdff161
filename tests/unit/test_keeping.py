"""A lease is renewed while the work goes on, and no longer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from service.errors import LeaseLost, StoreError
from workers.renewing import Keeper

LEASE = 0.06  # so that a renewal comes every 20 ms


@dataclass
class Leases:
    """Counts renewals, and says `enough` at the third; raises `trouble` instead where it is set."""

    trouble: Exception | None = None
    renewed: list[str] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def renew(self, claimed: str) -> None:
        self.renewed.append(claimed)
        if len(self.renewed) >= 3:
            self.enough.set()
        if self.trouble is not None:
            raise self.trouble


def test_what_is_held_is_renewed_until_it_is_let_go():
    leases = Leases()
    with Keeper(leases.renew, LEASE) as keeper:
        with keeper.holding("work"):
            assert leases.enough.wait(10)
        leases.enough.clear()
        leases.renewed.clear()
        assert not leases.enough.wait(5 * LEASE)
    assert len(leases.renewed) <= 1, "one may have been under way"


def test_a_ledger_that_is_away_is_asked_again():
    leases = Leases(StoreError("away"))
    with Keeper(leases.renew, LEASE) as keeper, keeper.holding("work"):
        assert leases.enough.wait(10)


def test_a_lease_that_is_anothers_by_now_is_left_alone():
    leases = Leases(LeaseLost("taken"))
    with Keeper(leases.renew, LEASE) as keeper, keeper.holding("work"):
        assert not leases.enough.wait(10 * LEASE)
    assert leases.renewed == ["work"]
