"""Which stories a claim may belong to, by its posting keys, at a cost that does not grow with the ledger.

How it decides: each key brings in its latest stories, at most LATEST_PER_KEY, read from the end of one index.
How many a key brings is a bounded count of how common it is: a rare key says much, one that is full says
little. Stories are ranked by the sum of what their keys say, then the latest; MOST_FOUND are loaded. What it
leaves out: a story that lies behind so many later ones under each of its keys.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from math import log2
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    bindparam,
    column,
    func,
    literal_column,
    select,
    true,
    type_coerce,
    union_all,
)

from service.store.schema import postings

LATEST_PER_KEY = 48
MOST_FOUND = 16
# As the number it is kept as: that many moments need not be made only to be compared.
_LATEST: ColumnElement[int] = type_coerce(postings.c.last_at, BigInteger)
_AT_ONCE = 200  # a UNION takes at most 500


def found_ids(connection: Connection, keys: Sequence[str], limit: int) -> list[str]:
    """The ids of at most `limit` stories found by any of `keys`, those with the most telling keys first."""
    wanted = sorted(set(keys))
    batches = [wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE)]
    return _ranked([row for batch in batches for row in _rows(connection, batch)], min(limit, MOST_FOUND))


def _rows(connection: Connection, keys: list[str]) -> Sequence[tuple[str, str, int]]:
    """(key, story, its latest news) of the latest stories of each key."""
    if connection.dialect.name == "postgresql":
        found = connection.execute(_lateral(), {"keys": keys}).all()
    else:
        given = {f"key_{place}": key for place, key in enumerate(keys)}
        found = connection.execute(_union(len(keys)), given).all()
    return cast("Sequence[tuple[str, str, int]]", found)


def _ranked(rows: Sequence[tuple[str, str, int]], most: int) -> list[str]:
    counts: defaultdict[str, int] = defaultdict(int)
    for key, _, _ in rows:
        counts[key] += 1
    says = {key: 1.0 / log2(1 + count) for key, count in counts.items()}
    scores: defaultdict[str, float] = defaultdict(float)
    latest: dict[str, int] = {}
    for key, story_id, last_at in rows:
        scores[story_id] += says[key]
        latest[story_id] = last_at
    # Ids settle what is left: the same ledger gives the same order on every machine.
    by_id = sorted(scores)
    return sorted(by_id, key=lambda one: (scores[one], latest[one]), reverse=True)[:most]


def _latest(key: Any) -> Any:
    return (
        select(postings.c.story_id, _LATEST.label("latest"))
        .where(postings.c.key == key)
        .order_by(postings.c.last_at.desc(), postings.c.story_id.desc())
        .limit(literal_column(str(LATEST_PER_KEY)))
    )


@cache
def _union(keys: int) -> Any:
    """One SELECT a key, each read from the end of the index."""
    parts = []
    for place in range(keys):
        key = bindparam(f"key_{place}", type_=Text)
        part = _latest(key).subquery()
        parts.append(select(key.label("key"), part.c.story_id, part.c.latest))
    return union_all(*parts)


@cache
def _lateral() -> Any:
    """The same in one plan, whatever the number of keys."""
    keys = func.unnest(bindparam("keys", type_=ARRAY(Text)))
    wanted = keys.table_valued(column("key", Text), name="wanted").render_derived()
    part = _latest(wanted.c.key).lateral("part")
    return select(wanted.c.key, part.c.story_id, part.c.latest).select_from(wanted.join(part, true()))
