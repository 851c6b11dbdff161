"""How well statements find their stories: `python -m benchmarks.stories --corpus DIR`.

Replays a folder of labelled episodes and hard negatives as one stream, in time order, through the real code
on an empty ledger in memory. Prints, each with half its 95 % interval from resampling episodes: B-cubed
precision, recall and F1 of the items' stories, the share of (rumor item, denial item) pairs of an episode
that share a story, the precision of denial alerts, the share of denied episodes alerted, and second alerts
for one party and position in an episode. Then every error, grouped, with the reasons that the matcher gave.

An item without a statement is a story of its own. Its main story is that of its label's kind; an item of two
claims is in both. Episodes that the labels hold twice (`--same A=B`) count as one.
`--half` takes the episodes with an even (first) or odd (last) hash of their id, and all negatives.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.accuracy.corpus import same_party, with_known_names
from benchmarks.accuracy.figures import Figure, figure
from service.core.model import Kind, Step
from service.core.reading.lexicon import Knowledge
from service.core.words import Strength
from service.errors import RumorwatchError
from service.jsonl import GivenItem
from service.lexicons import load_knowledge
from workers.replay import default_rules, replay
from workers.time_order import on_the_clock

NEGATIVE = "negative"
_MOST_TEXT = 110
_SOFT = ("soft", "non_denial")


@dataclass(frozen=True, slots=True)
class Labelled:
    """An item with its episode and label. `deniers`: who denies by the labels, and how firmly."""

    given: GivenItem
    episode: str
    label: str
    deniers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the service made of an item: its steps, and which of them alerted, in order."""

    labelled: Labelled
    steps: tuple[Step, ...]
    alerted: tuple[bool, ...]

    @property
    def stories(self) -> frozenset[str]:
        """The stories that the item told of; its own id where it told none."""
        return frozenset(step.story.id for step in self.steps) or frozenset(
            {f"item {self.labelled.given.id}"}
        )

    @property
    def main(self) -> str:
        """The story of the statement of the label's kind, else of the first."""
        wanted = [s for s in self.steps if s.statement.kind.value == self.labelled.label]
        first = next(iter(wanted or self.steps), None)
        return first.story.id if first else f"item {self.labelled.given.id}"


def main(arguments: list[str]) -> int:
    """Print the figures and the errors; 0 where the folder could be read."""
    chosen = _parser().parse_args(arguments)
    knowledge = load_knowledge()
    try:
        labelled = load(
            chosen.corpus, knowledge, dict(pair.split("=", 1) for pair in chosen.same), chosen.half
        )
    except (OSError, ValueError, KeyError, RumorwatchError) as error:
        _say(f"{chosen.corpus} cannot be read: {error}.")
        return 1
    started = time.perf_counter()
    outcomes = outcomes_of(labelled, knowledge)
    seconds = time.perf_counter() - started
    for one in figures(outcomes):
        _say(f"{one.name:44} {one.value:.3f} ± {one.noise:.3f}  of {one.count}")
    _say(f"{len(outcomes)} items, {len(outcomes) / max(seconds, 1e-9):.0f} a second")
    if not chosen.quiet:
        for line in errors(outcomes):
            _say(line)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks.stories", description=__doc__)
    parser.add_argument(
        "--corpus", type=Path, required=True, help="folder of *.jsonl with episodes and negatives"
    )
    parser.add_argument("--half", choices=("all", "first", "last"), default="all")
    parser.add_argument("--same", nargs="*", default=[], metavar="A=B", help="episodes that are one story")
    parser.add_argument("--quiet", action="store_true", help="only the figures")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


# --- the labelled stream ---------------------------------------------------------------------------


def load(folder: Path, knowledge: Knowledge, same: dict[str, str], half: str = "all") -> list[Labelled]:
    """The items of all files of `folder`; those of negatives have the episode `negative`."""
    rows = [
        (json.loads(line), "en" if "_en_" in file.name else None)
        for file in sorted(folder.glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
        if line.strip()
    ]
    found = []
    for row, lang in rows:
        episode = same.get(row.get("episode", NEGATIVE), row.get("episode", NEGATIVE))
        if episode == NEGATIVE or half in ("all", half_of(episode)):
            found += [_labelled(entry, episode, row, lang, knowledge) for entry in row.get("items", [row])]
    return found


def half_of(episode: str) -> str:
    """The half that an episode belongs to, by a hash of its id."""
    return "last" if hashlib.sha256(episode.encode()).digest()[0] % 2 else "first"


def _labelled(
    entry: dict[str, Any], episode: str, row: dict[str, Any], lang: str | None, knowledge: Knowledge
) -> Labelled:
    denials = [s for s in entry.get("statements", ()) if s["kind"] == "denial"]
    deniers = tuple(
        (with_known_names(s.get("by") or "", knowledge.names), s.get("strength") or "") for s in denials
    )
    given = GivenItem(
        entry["id"],
        entry.get("title") or "",
        entry["text"],
        entry.get("url"),
        entry.get("outlet"),
        _moment(entry.get("published")),
        entry.get("lang") or row.get("lang") or lang,
    )
    # A negative of trap `a` is a true denial of a claim that no other item tells.
    label = entry.get("label") or ("denial" if entry.get("trap") == "a" else "other")
    return Labelled(given, episode, label, deniers)


def _moment(written: str | None) -> datetime | None:
    if not written:
        return None
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def outcomes_of(labelled: Sequence[Labelled], knowledge: Knowledge) -> list[Outcome]:
    """All items replayed as one stream."""
    steps: defaultdict[str, list[tuple[Step, bool]]] = defaultdict(list)
    for told in replay(on_the_clock([one.given for one in labelled]), default_rules(knowledge)):
        if told.handled is not None and told.item is not None:
            alert = told.handled.decisions[0].alert is not None
            steps[told.item.id].append((told.handled.step, alert))
    return [
        Outcome(one, tuple(s for s, _ in steps[one.given.id]), tuple(a for _, a in steps[one.given.id]))
        for one in labelled
    ]


# --- the figures -----------------------------------------------------------------------------------


def figures(outcomes: Sequence[Outcome]) -> list[Figure]:
    """The measured numbers, resampled by episode."""
    episodes = _by_episode(outcomes)
    told = [one for one in outcomes if one.labelled.episode != NEGATIVE]
    scores = _b_cubed(outcomes)
    units = [[scores[one.labelled.given.id] for one in items] for items in episodes.values()]
    denied = [items for items in episodes.values() if _is_denied(items)]
    return [
        figure("stories, B-cubed precision", units, lambda u: _mean([p for e in u for p, _ in e])),
        figure("stories, B-cubed recall", units, lambda u: _mean([r for e in u for _, r in e])),
        figure("stories, B-cubed F1", units, _f1),
        *_pair_figures(list(episodes.values())),
        *_alert_figures(outcomes),
        figure("denied episodes alerted", denied, lambda u: _mean([_is_alerted(e) for e in u])),
        figure("no second alert, party and position", told, lambda u: 1.0 - len(_seconds(outcomes)) / len(u)),
    ]


def _by_episode(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    grouped: dict[str, list[Outcome]] = {}
    for one in outcomes:
        if one.labelled.episode != NEGATIVE:
            grouped.setdefault(one.labelled.episode, []).append(one)
    return grouped


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _f1(units: Sequence[Sequence[tuple[float, float]]]) -> float:
    precision = _mean([p for one in units for p, _ in one])
    recall = _mean([r for one in units for _, r in one])
    return 2 * precision * recall / max(precision + recall, 1e-9)


def _b_cubed(outcomes: Sequence[Outcome]) -> dict[str, tuple[float, float]]:
    """For each item: of those in its main story, the share of its episode; of its episode, that there."""
    scores = {}
    mains = Counter(one.main for one in outcomes)
    both = Counter((one.main, _gold(one)) for one in outcomes)
    golds = Counter(_gold(one) for one in outcomes)
    for one in outcomes:
        shared = both[one.main, _gold(one)]
        scores[one.labelled.given.id] = (shared / mains[one.main], shared / golds[_gold(one)])
    return scores


def _gold(one: Outcome) -> str:
    labelled = one.labelled
    return f"item {labelled.given.id}" if labelled.episode == NEGATIVE else labelled.episode


def _pairs(items: Sequence[Outcome]) -> list[tuple[Outcome, Outcome]]:
    rumors = [one for one in items if one.labelled.label == "rumor"]
    return [(r, d) for r in rumors for d in items if d.labelled.label == "denial"]


def _pair_figures(episodes: Sequence[list[Outcome]]) -> list[Figure]:
    with_pairs = [_pairs(items) for items in episodes if _pairs(items)]
    across = [
        [(a, b)]
        for items in episodes
        for i, a in enumerate(items)
        for b in items[:i]
        if a.labelled.given.lang != b.labelled.given.lang
    ]

    def joined(units: Sequence[list[tuple[Outcome, Outcome]]]) -> float:
        return _mean([bool(a.stories & b.stories) for unit in units for a, b in unit])

    measure: Callable[[Sequence[list[tuple[Outcome, Outcome]]]], float] = joined
    return [
        figure("rumor and denial in one story (pairs)", with_pairs, measure),
        figure("items of two languages in one story", across, measure),
    ]


def _alert_figures(outcomes: Sequence[Outcome]) -> list[Figure]:
    alerts = [check for one in outcomes for check in denial_alerts(one)]
    return [
        figure("denial alerts in an item that denies", [kind for kind, _ in alerts], _mean),
        figure("denial alerts by a labelled denier", [party for _, party in alerts], _mean),
    ]


def denial_alerts(one: Outcome) -> list[tuple[bool, bool]]:
    """For each denial alert of the item: whether the item denies, and whether that party does."""
    found = []
    for step, alert in zip(one.steps, one.alerted, strict=True):
        if alert and step.statement.kind is Kind.DENIAL:
            denies = one.labelled.label == "denial" or bool(one.labelled.deniers)
            by = f"{step.statement.party or ''} {step.statement.speaker or ''}"
            known = [d for d, _ in one.labelled.deniers]
            found.append((denies, denies and (not known or any(same_party(by, d) for d in known))))
    return found


def _is_denied(items: Sequence[Outcome]) -> bool:
    """Whether somebody denies firmly, by the labels: not softly alone."""
    return any(
        s not in _SOFT for one in items if one.labelled.label == "denial" for _, s in one.labelled.deniers
    )


def _is_alerted(items: Sequence[Outcome]) -> bool:
    return any(denial_alerts(one) for one in items)


def _seconds(outcomes: Sequence[Outcome]) -> list[tuple[Outcome, Step]]:
    """Alerts of a party that had been alerted on in its episode with the same stance and strength."""
    seen: set[tuple[str, str | None, Kind, Strength | None]] = set()
    again = []
    for one in outcomes:
        for step, alert in zip(one.steps, one.alerted, strict=True):
            key = (_gold(one), step.statement.party, step.statement.kind, step.statement.strength)
            if alert and key in seen:
                again.append((one, step))
            seen |= {key} if alert else set()
    return again


# --- the errors ------------------------------------------------------------------------------------


def errors(outcomes: Sequence[Outcome]) -> list[str]:
    """All that went wrong, grouped, each with the claims and what held apart."""
    lines = ["", "## Episodes in more than one story"]
    for episode, items in _by_episode(outcomes).items():
        if len({one.main for one in items}) > 1:
            lines += [f"### {episode}", *(line for one in items for line in _shown(one))]
    lines += ["", "## Stories over more than one episode"]
    for story, members in _members(outcomes).items():
        if len({_gold(one) for one in members}) > 1:
            lines += [f"### {story}", *(line for one in members for line in _shown(one))]
    lines += ["", "## Denied episodes without an alert"]
    for episode, items in _by_episode(outcomes).items():
        if _is_denied(items) and not _is_alerted(items):
            lines += [f"### {episode}", *(line for one in items for line in _shown(one))]
    lines += ["", "## Denial alerts that the labels do not hold"]
    for one in outcomes:
        if not all(right for _, right in denial_alerts(one)):
            lines += [f"### labelled: {one.labelled.deniers}", *_shown(one)]
    lines += ["", "## Second alerts"]
    lines += [
        f"{_gold(one)}: {step.statement.party} in {one.labelled.given.id}" for one, step in _seconds(outcomes)
    ]
    return lines


def _members(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    grouped: dict[str, list[Outcome]] = {}
    for one in outcomes:
        for story in sorted(one.stories):
            grouped.setdefault(story, []).append(one)
    return grouped


def _shown(one: Outcome) -> list[str]:
    given = one.labelled.given
    lines = [f"  {given.id} {given.published} {given.lang} {one.labelled.label}: {given.title[:_MOST_TEXT]}"]
    for step, alert in zip(one.steps, one.alerted, strict=True):
        claim, s = step.statement.claim, step.statement
        lines.append(
            f"    {step.story.id} {s.kind.value} {s.party} {s.strength or ''} {step.reason.value}"
            f"{' ALERT' * alert}"
        )
        lines.append(f"        {claim.text!r} {claim.principals} {claim.relations} {claim.figures}")
        lines.append(f"        {step.joined.score:.2f} {'; '.join(step.joined.reasons)}")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
