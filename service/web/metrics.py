"""What the service measures, in the text form that Prometheus reads.

Written here and not by a library: it is twenty numbers out of the ledger, asked when they are asked for, and
the library keeps its own counts in each process. Labels are names of stages, states and channels that are
set, so there are never many of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.core.latency import GOAL, Latency
from service.store.delivery_log import ChannelRow
from service.store.views import Counts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_CHANNELS = 100  # those that are set no more stay in the ledger


@dataclass(frozen=True, slots=True)
class Measured:
    """All that is told: the counts, the channels, and the latency of the last day."""

    counts: Counts
    channels: tuple[ChannelRow, ...]
    latency: Latency


def exposition(measured: Measured) -> str:
    """The numbers as text, one a line, each kind with its help and type."""
    return (
        "\n".join([*_counts(measured.counts), *_channels(measured.channels), *_latency(measured.latency)])
        + "\n"
    )


def _head(name: str, about: str) -> list[str]:
    return [f"# HELP rumorwatch_{name} {about}", f"# TYPE rumorwatch_{name} gauge"]


def _counts(counts: Counts) -> Iterator[str]:
    told = (
        ("feeds", counts.feeds, "Feeds that are polled."),
        ("items", counts.items, "Items that were seen."),
        ("stories", counts.stories, "Stories that live."),
        ("alerts", counts.alerts, "Alerts that were decided."),
        ("items_waiting", counts.revisions_waiting, "Revisions that wait to be read."),
        ("items_set_aside", counts.quarantined, "Revisions that could not be read."),
        ("deliveries_waiting", counts.deliveries_waiting, "Deliveries that wait."),
        ("deliveries_dead", counts.deliveries_dead, "Deliveries that were given up."),
    )
    for name, number, about in told:
        yield from _head(name, about)
        yield f"rumorwatch_{name} {number}"


def _channels(channels: tuple[ChannelRow, ...]) -> Iterator[str]:
    shown = channels[:MOST_CHANNELS]
    yield from _head("channel_deliveries", "Deliveries of a channel by how they stand.")
    for row in shown:
        states = (
            ("waiting", row.waiting),
            ("delivered", row.delivered),
            ("dead", row.dead),
            ("held", row.held),
        )
        for state, number in states:
            yield f'rumorwatch_channel_deliveries{{channel="{_label(row.name)}",state="{state}"}} {number}'
    yield from _head("channel_failures", "Failures of a channel since something last got through.")
    for row in shown:
        failures = row.breaker.failures if row.breaker else 0
        yield f'rumorwatch_channel_failures{{channel="{_label(row.name)}"}} {failures}'


def _latency(latency: Latency) -> Iterator[str]:
    yield from _head("stage_seconds", "How long alerts of the last day took from stage to stage.")
    for span in latency.spans:
        for quantile, seconds in (("0.5", span.p50), ("0.95", span.p95), ("0.99", span.p99)):
            if seconds is not None:
                yield f'rumorwatch_stage_seconds{{stage="{span.name}",quantile="{quantile}"}} {seconds}'
    yield from _head("stage_alerts", "Alerts of the last day that these were measured of.")
    yield f"rumorwatch_stage_alerts {latency.alerts}"
    yield from _head("goal_seconds", "Goal from first seen to first attempt, at the 95th percentile.")
    yield f"rumorwatch_goal_seconds {GOAL.total_seconds()}"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
