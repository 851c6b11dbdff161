"""An item laid out for reading: its fields cut up, scanned, and with everybody in it found.

The body is read before the headline is, because the headline's names are learned from the body (old newswire
and many sites write headlines in capitals); statements come out in reading order all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.core.model import Item
from service.core.reading.around import Around
from service.core.reading.cues import Scan, scan, tells
from service.core.reading.lexicon import SILENT, Knowledge, Lexicon
from service.core.reading.listed import (
    known_names,
    last_words,
    with_longer_forms,
    with_places,
    without_namesakes,
)
from service.core.reading.marked import marked_names, without_ordinary
from service.core.reading.media import as_companies, parties_among_outlets
from service.core.reading.mentions import Sort, Topic
from service.core.reading.names import (
    LocalNames,
    Name,
    local_names,
    names_from_body,
    shared_openers,
    unknown_names,
)
from service.core.reading.people import mentions
from service.core.reading.pronouns import resolve
from service.core.reading.sentences import Passage, passage
from service.core.reading.setting import weighed
from service.core.reading.unmarked import unmarked_names, without_cues_in_names, without_pitfalls
from service.core.text import flat

LONGEST = 256 * 1024
_LONGEST_TITLE = 2000
_STANDING = (Sort.COMPANY, Sort.SPOKESMAN, Sort.EXECUTIVE, Sort.OFFICIAL)


@dataclass(frozen=True, slots=True)
class Page:
    """One item, ready to be read. `sides` holds the title's side first, then the text's."""

    item: Item
    lexicon: Lexicon
    sides: tuple[Around, ...]


def lay_out(item: Item, lexicon: Lexicon, knowledge: Knowledge) -> Page | None:
    """`item` as a Page, or None where no cue stands in it."""
    headline, body = item.title[:_LONGEST_TITLE], item.text[:LONGEST]
    flats = flat(headline), flat(body)
    if not any(tells(one, lexicon) for one in flats):
        return None
    title = passage("title", headline, lexicon, flats[0])
    text = passage("text", body, lexicon, flats[1])
    scans = (scan(title.flat, lexicon), scan(text.flat, lexicon))
    if not any(_tells(found) for found in scans):
        return None
    return Page(item, lexicon, weighed(_peopled((title, text), scans, lexicon, knowledge)))


def _tells(found: Scan) -> bool:
    return bool(found.refused) or any(hit.cue.kind not in SILENT for hit in found.hits)


def _peopled(
    passages: tuple[Passage, Passage], scans: tuple[Scan, Scan], lexicon: Lexicon, knowledge: Knowledge
) -> tuple[Around, ...]:
    title, text = passages
    if lexicon.words("name_endings") or lexicon.words("name_suffixes"):
        return _peopled_unmarked(passages, scans, lexicon, knowledge)
    listed = without_namesakes(known_names(text, knowledge), text, lexicon)
    longer = last_words(listed, text)
    listed = with_longer_forms(without_pitfalls(listed, scans[1]), text, longer)
    in_text = with_places(listed, text, lexicon)
    openers = shared_openers(title, text)
    unknown = unknown_names(text, scans[1], lexicon, in_text, openers)
    local = local_names(unknown, lexicon, in_text)
    listed = with_longer_forms(without_pitfalls(known_names(title, knowledge), scans[0]), title, longer)
    listed = with_places(listed, title, lexicon)
    in_title = names_from_body(title, local, listed)
    if not _is_capitalised(title.text) or not in_title:
        in_title += unknown_names(title, scans[0], lexicon, in_title, openers)
    in_title, in_text = _with_media(passages, scans, (in_title, [*in_text, *unknown]), lexicon)
    topic = Topic()
    return (
        _side(title, scans[0], in_title, local, lexicon, topic),
        _side(text, scans[1], in_text, local, lexicon, topic),
    )


def _with_media(
    passages: tuple[Passage, Passage],
    scans: tuple[Scan, Scan],
    names: tuple[list[Name], list[Name]],
    lexicon: Lexicon,
) -> tuple[list[Name], list[Name]]:
    """The names of both fields, the outlets that the item is about made companies."""
    parties = parties_among_outlets(list(zip(names, passages, scans, strict=True)), lexicon)
    return as_companies(names[0], parties), as_companies(names[1], parties)


def _peopled_unmarked(
    passages: tuple[Passage, Passage], scans: tuple[Scan, Scan], lexicon: Lexicon, knowledge: Knowledge
) -> tuple[Around, ...]:
    """The same where no capital letter shows a name: names come by their endings and places."""
    known = [
        without_pitfalls(known_names(place, knowledge), found)
        for place, found in zip(passages, scans, strict=True)
    ]
    if lexicon.words("name_suffixes"):
        known = [
            without_ordinary(names, place, found, lexicon)
            for names, place, found in zip(known, passages, scans, strict=True)
        ]
    find = marked_names if lexicon.words("name_suffixes") else unmarked_names
    unknown = find(passages, scans, lexicon, known)
    topic, local = Topic(), LocalNames({})
    clean = [without_cues_in_names(found, more) for found, more in zip(scans, unknown, strict=True)]
    named = _with_media(passages, scans, ([*known[0], *unknown[0]], [*known[1], *unknown[1]]), lexicon)
    return tuple(
        _as_written(_side(place, found, names, local, lexicon, topic))
        for place, found, names in zip(passages, clean, named, strict=True)
    )


def _as_written(side: Around) -> Around:
    """Where names may stay unseen, a role or "the club" that leads back to nobody stands for itself."""
    text = side.passage.text
    named = [
        m._replace(body=text[m.start : m.end]) if m.sort in _STANDING and not (m.body or m.speaker) else m
        for m in side.mentions
    ]
    return side._replace(mentions=named)


def _is_capitalised(title: str) -> bool:
    """Whether a headline writes every longer word with a capital, so that capitals say nothing."""
    words = [word for word in title.split() if len(word) > 3]
    return sum(word[0].isupper() for word in words) * 4 >= len(words) * 3


def _side(
    place: Passage, found: Scan, names: list[Name], local: LocalNames, lexicon: Lexicon, topic: Topic
) -> Around:
    people = mentions(place, found, sorted(names, key=lambda n: n.start), local)
    resolved = resolve(people, place, found, topic)
    prepositions = lexicon.folded.get("prepositions", frozenset())
    articles = lexicon.folded.get("articles", frozenset())
    after_verb = lexicon.folded.get("after_verb", frozenset())
    return Around(
        place,
        found,
        resolved,
        [m.start for m in resolved],
        prepositions,
        articles,
        after_verb,
        tuple(sorted(lexicon.folded.get("postpositions", ()))),
        tuple(sorted(lexicon.folded.get("topic_marks", ()))),
        tuple(sorted(lexicon.folded.get("subject_marks", ()))),
        lexicon.source.verb_final,
        lexicon.source.spaced,
    )
