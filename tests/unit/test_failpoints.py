"""A failpoint is reached at its ordinal, once, and a wrong one stops the start."""

from __future__ import annotations

import pytest

from service import failpoints
from service.errors import SettingsError


@pytest.fixture(autouse=True)
def disarmed():
    yield
    failpoints.arm(None)


def test_it_is_reached_the_third_time_and_then_no_more():
    failpoints.arm("in-tx:3:raise")
    failpoints.hit("in-tx")
    failpoints.hit("marked")
    failpoints.hit("in-tx")
    with pytest.raises(failpoints.FailpointReached, match="in-tx"):
        failpoints.hit("in-tx")
    failpoints.hit("in-tx")


def test_none_is_armed_by_default():
    assert not failpoints.is_armed(*failpoints.PLACES)
    failpoints.arm("connected:1")
    assert failpoints.is_armed("connected", "body-sent")
    assert not failpoints.is_armed("body-sent")


@pytest.mark.parametrize("words", ["", "nowhere:1", "in-tx", "in-tx:0", "in-tx:x", "in-tx:1:explode"])
def test_a_wrong_one_is_named(words):
    with pytest.raises(SettingsError, match="RUMORWATCH_FAILPOINT"):
        failpoints.arm(words)
