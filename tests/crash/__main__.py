"""python -m tests.crash: the long form, with every number given by hand.

    python -m tests.crash --store sqlite --items 10000 --feeds 100 --kills 500 --ordinals 25 --seed 7

Prints the seed, the kills, the recovery times and the verdict; exit status 1 on any loss, any double, work
that was taken up too late, or a process that died by itself.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

from tests.crash.harness import Plan, run, say


def main() -> int:
    """Runs one plan on each store asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--store", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", type=int, help="the seed of an earlier run; by default a new one")
    parser.add_argument("--folder", type=Path, help="where to run, and to leave logs and ledger")
    parser.add_argument("--wipes", action="store_true", help="wipe Valkey now and then")
    for name, usual in (("feeds", 8), ("items", 300), ("batch", 6), ("kills", 20), ("ordinals", 0)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    for name, seconds in (("pause", 1.5), ("most-seconds", 1500.0), ("poll-seconds", 1.0)):
        parser.add_argument(f"--{name}", type=float, default=seconds)
    asked = vars(parser.parse_args())
    store, folder, seed = asked.pop("store"), asked.pop("folder"), asked.pop("seed")
    clean = True
    for one in ("sqlite", "postgresql") if store == "both" else (store,):
        plan = Plan(store=one, seed=random.randrange(1_000_000) if seed is None else seed, **asked)
        say(f"{one}: seed {plan.seed} ...")
        if folder is not None:
            (folder / one).mkdir(parents=True)
        outcome = run(plan, None if folder is None else folder / one)
        say(outcome)
        clean = clean and outcome.clean and outcome.recovery.in_time
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
