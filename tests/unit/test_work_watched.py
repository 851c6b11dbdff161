"""A process whose item never ends goes, even where nothing in it can move any more."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.acceptance.running import ROOT
from workers.watching import watched

HANGS = "from workers.watching import watched\nwith watched(0.2):\n    {}"
# The second holds the interpreter's lock for good: no other thread runs.
WAYS = {"asleep": "__import__('time').sleep(60)", "busy": "__import__('re').match('(a+)+$', 'a' * 64 + 'b')"}


@pytest.mark.parametrize("way", WAYS)
def test_a_process_that_hangs_ends_and_says_where_it_stood(way):
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", HANGS.format(WAYS[way])],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert b"Timeout" in done.stderr
    assert time.monotonic() - began < 50


def test_one_that_ends_in_time_leaves_no_timer():
    with watched(60):
        pass
