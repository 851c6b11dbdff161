"""Row 21 of the matrix: no address that leads inside is dialled, whichever way it comes in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.hostile_addresses import WAYS, vectors

ROOT = Path(__file__).parents[2]


@cache
def stage_is_allowed() -> bool:
    """Whether this machine lets us have a network and mounts of our own."""
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("ip")):
        return False
    tried = ["unshare", "--net", "--mount", "ip", "link", "set", "lo", "up"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def run(folder: Path, staged: bool) -> dict[str, dict[str, object]]:
    alone = ["unshare", "--net", "--mount"] if staged else []
    kind = "stage" if staged else "plain"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RUMORWATCH_")}
    done = subprocess.run(
        [*alone, sys.executable, "-m", "tests.hostile_addresses", str(folder), kind],
        cwd=ROOT,
        env=clean,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(300)
def test_no_address_that_leads_inside_is_dialled_by_any_way_in(tmp_path: Path) -> None:
    staged = stage_is_allowed()
    told = run(tmp_path, staged)
    assert set(told) == set(WAYS)
    tried = sum(int(str(way["tried"])) for way in told.values())
    print(f"{tried} attempts over {len(told)} ways in, {'on a stage' if staged else 'on loopback'}")
    assert {name: way["inside"] for name, way in told.items() if way["inside"]} == {}
    assert all(way["reached"] for way in told.values()), "a way that reaches nothing proves nothing"
    assert all(way["tried"] == len(vectors(staged)) for way in told.values())


def test_there_are_at_least_120_addresses() -> None:
    assert len({one.url for one in vectors(staged=True)}) >= 120
