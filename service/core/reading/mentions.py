"""Who is spoken of: bodies, persons with their roles, unnamed sources, and words that stand for them.

The types; people.py finds the mentions of a passage, joining.py joins roles to names, pronouns.py leads "the
company", "it" and "he" back. What every word of every item may make (marks, cues, names, mentions) is a
NamedTuple: as frozen, and made and changed in a fraction of the time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from service.core.model import Role
from service.core.reading.sentences import Passage


class Sort(StrEnum):
    """What a mention is."""

    BODY = "body"
    PLACE = "place"
    OUTLET = "outlet"
    AUTHORITY = "authority"
    FACT_CHECKER = "fact_checker"
    PERSON = "person"
    SPOKESMAN = "spokesman"
    EXECUTIVE = "executive"
    OFFICIAL = "official"
    SOURCE = "source"
    THIRD_PARTY = "third_party"
    COMPANY = "company"
    ITS = "its"
    HE = "he"
    BOTH = "both"


TITLED = (Sort.SPOKESMAN, Sort.EXECUTIVE, Sort.OFFICIAL)
PERSON_NAME = re.compile(r"[A-ZÀ-Þ][\w.'’-]+(?:\s[A-ZÀ-Þ][\w.'’-]*){1,3}")
KANA = re.compile("[\u3041-\u3096]")


class Mention(NamedTuple):
    """Somebody in a passage. `body` is the body spoken for or meant, `speaker` the person, both canonical."""

    start: int
    end: int
    sort: Sort
    body: str | None = None
    speaker: str | None = None
    role: Role | None = None
    country: str = ""
    named: bool = True
    known: bool = False  # the table's
    weight: int = 0  # how far the name stands out in the item


@dataclass(slots=True)
class Topic:
    """What a later "the company" or "he" would mean. Changes while an item is read."""

    body: str | None = None
    firm: str | None = None  # the first body of the topic's sentence that is not written like a person
    person: Mention | None = None
    outlet: str | None = None
    human: str | None = None  # the first name of the latest sentence that is written like a person's
    authorities: set[str] = field(default_factory=set)
    outsiders: set[str] = field(default_factory=set)  # persons who cannot know: analysts, traders
    bodies: dict[str, str] = field(default_factory=dict)  # canonical name to country, latest last


def is_personal(mention: Mention, passage: Passage) -> bool:
    """Whether a name is written like a person's: two to four words, in no table of bodies."""
    written = passage.text[mention.start : mention.end]
    return mention.sort is Sort.PERSON or (not mention.country and bool(PERSON_NAME.fullmatch(written)))
