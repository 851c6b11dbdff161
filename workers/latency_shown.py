"""The command `latency`: how long alerts took, stage by stage, and whether the goal is met."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from service import wiring
from service.core.latency import GOAL, Latency
from service.durations import duration
from service.jsonl import dump
from service.settings import Settings


def show_latency(settings: Settings, within: str, *, jsonl: bool) -> None:
    """Prints the percentiles of each stage of the alerts of the last `within`."""
    since = wiring.utc_now() - duration(within)
    with closing(wiring.open_ledger(settings)) as ledger:
        found = ledger.passages.latency(since)
    if jsonl:
        sys.stdout.writelines(f"{dump(asdict(span))}\n" for span in found.spans)
        return
    table = Table("stage", "alerts", "p50", "p95", "p99")
    for span in found.spans:
        table.add_row(
            span.name.replace("_", " "), str(span.count), *map(seconds, (span.p50, span.p95, span.p99))
        )
    Console().print(table)
    sys.stdout.write(f"{against_goal(found)}\n")


def seconds(took: float | None) -> str:
    """`0.412 s`, or a dash where nothing was measured."""
    return "-" if took is None else f"{took:.3f} s"


def against_goal(found: Latency) -> str:
    """What was measured against what is aimed at."""
    aim = f"Goal: first seen to first attempt within {GOAL.total_seconds():g} s at the 95th percentile"
    if found.is_met is None:
        return f"{aim}; no alert in this time."
    met = "met" if found.is_met else "missed"
    return f"{aim}; measured {seconds(found.goal.p95)} over {found.goal.count} alerts: {met}."
