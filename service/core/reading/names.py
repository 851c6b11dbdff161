"""Names in a passage that only their capital letters give away; listed.py finds those of the table.

How it decides: an unknown name is a run of capitalised words with common openers taken
off; a single word that opens a sentence counts only where the item writes it as a name elsewhere. Shorter
forms and initials (Shearson, TWA) are led back to the longer name of the same item. What it leaves out:
unknown names in scripts without capitals, and names inside headlines that capitalise every word, unless the
body has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from service.core.reading.cues import Scan
from service.core.reading.lexicon import Lexicon
from service.core.reading.sentences import Passage
from service.core.text import fold

_WORD = r"[A-ZÀ-ÖØ-Þ][\w&.'’‑-]*"
_LINK = "of|de|del|de la|de los|di|della|do|da|dos|das|and|&"
_SURNAME_LINKS = frozenset({"de", "del", "di", "da", "do", "dos"})  # De Soto, Di Leo, Da Silva
_RUN = re.compile(rf"{_WORD}(?:[ \n](?:(?:{_LINK})[ \n](?={_WORD}))?{_WORD})*")
ONE_WORD = re.compile(_WORD)
POSSESSIVE = re.compile(r"['’]s?$")
_AGE = re.compile(r"\s\(\d{2}\)")  # a person's, after the name
_TICKER = re.compile(r"[A-Z0-9]{1,6}(?:\.[A-Z]{1,3})?")
_MOST_LOCAL = 60
_CLIPPED = 3
_AMOUNT = re.compile(r"[A-Z]{1,3}\d[\d.,]{1,}")  # N461, RM20.5: money, not a body


class Name(NamedTuple):
    """A name in a passage, with its canonical form. `kind` is the table's, or `unknown`."""

    start: int
    end: int
    name: str
    kind: str
    country: str = ""


@dataclass(frozen=True, slots=True)
class LocalNames:
    """Names that the item's body uses and the table does not know: folded short form to the full one."""

    full: dict[str, str]
    surnames: dict[str, str] = field(default_factory=dict)

    def canonical(self, written: str) -> str:
        """The fullest form of `written` in the item; a single unknown word may be a surname of it."""
        key = fold(written)
        return self.full.get(key) or self.surnames.get(key, written)


def without_overlaps(names: Iterable[Name]) -> list[Name]:
    kept: list[Name] = []
    for name in sorted(names, key=lambda n: (n.start, -n.end)):
        if not kept or name.start >= kept[-1].end:
            kept.append(name)
    return kept


def is_letter(character: str) -> bool:
    """Letters that would make the name a part of a longer word; Han and kana never do."""
    return character.isalnum() and character < "\u2e80"


def shared_openers(title: Passage, text: Passage) -> frozenset[str]:
    """Words that open both a headline and a sentence of the text, and stand in neither in small letters."""
    words = _opening_words(title) & _opening_words(text)
    if not words:
        return words
    small = {word for place in (title, text) for word in place.text.split() if word[:1].islower()}
    return words - small


def _opening_words(passage: Passage) -> frozenset[str]:
    openers = (ONE_WORD.match(passage.text, sentence.start) for sentence in passage.sentences)
    return frozenset(POSSESSIVE.sub("", passage.flat[m.start() : m.end()]) for m in openers if m is not None)


def unknown_names(
    passage: Passage,
    scan: Scan,
    lexicon: Lexicon,
    taken: list[Name],
    openers: frozenset[str] = frozenset(),
) -> list[Name]:
    """Capitalised runs of `passage` that are names of nobody the table knows; `openers`: words that are
    names also where they open a sentence."""
    if not lexicon.source.capitals:
        return []
    known = bytearray(len(passage.flat) + 1)
    for name in taken:
        known[name.start : name.end] = b"\x01" * (name.end - name.start)
    inside = _seen_inside_sentences(passage) | openers
    outlets = tuple(lexicon.folded.get("outlet_tails", ()))
    found: list[Name] = []
    for start, end in _runs(passage, lexicon):
        run = _trimmed(start, _before_known(start, end, known, passage, lexicon), passage, lexicon)
        if run is None or known[run[0]] or known[run[1] - 1] or _is_nobody(*run, passage, lexicon):
            continue
        doubtful = _is_doubtful_opener(passage, *run, inside, scan)
        if doubtful or _is_ticker(passage, *run):
            continue
        if _is_common_noun(*run, passage, lexicon):
            continue
        written = " ".join(passage.text[run[0] : run[1]].split())
        kind = "outlet" if passage.flat[run[0] : run[1]].endswith(outlets) else "unknown"
        found.append(Name(*run, written, kind))
    return found


def _is_common_noun(start: int, end: int, passage: Passage, lexicon: Lexicon) -> bool:
    """Whether a single word is an ordinary noun though it has a capital: by its ending or a determiner."""
    written = passage.text[start:end]
    if written.isupper():
        return False
    if " " in written or "\n" in written:  # an opening adjective and a noun: Massive Kürzungen
        opens = start == passage.sentence_at(start).start and not written.split()[0].endswith("er")
        return opens and all(_is_noun(word, lexicon) for word in passage.flat[start:end].split()[1:])
    before = passage.text[max(0, start - 20) : start].split()
    titled = passage.flat[end : end + 1] == "-"  # the determiner is the title's: ein Lumera-Sprecher
    determined = bool(before) and not titled and _is_determiner(before[-1], lexicon)
    return determined or _ends_in("noun_tails", passage.flat[start:end], lexicon)


def _is_determiner(word: str, lexicon: Lexicon) -> bool:
    """Whether a noun follows `word`: an article, or in a language of capitalised nouns an adjective."""
    adjective = word.islower() and _ends_in("adjective_endings", word, lexicon)
    return adjective or lexicon.has("determiners", fold(word))


def _ends_in(name: str, word: str, lexicon: Lexicon) -> bool:
    """Whether a word of the class `name` is the end of `word`."""
    endings = lexicon.folded.get(name, frozenset())
    return bool(endings) and any(word[at:] in endings for at in range(len(word) - 1))


def _is_noun(word: str, lexicon: Lexicon) -> bool:
    """Whether a capitalised word is an ordinary noun by its ending, in a language of capitalised nouns."""
    if not lexicon.folded.get("noun_tails"):
        return False
    ordinary = lexicon.has("companies", word) or lexicon.has("determiners", word)
    return ordinary or _ends_in("noun_tails", word, lexicon)


def _without_elision(
    start: int, words: list[str], passage: Passage, lexicon: Lexicon
) -> tuple[int, list[str]]:
    """Without an article glued on by an apostrophe (D'Arvant); a small word goes with it (L'usine)."""
    head, mark, rest = words[0].partition("'")
    if not rest or not lexicon.has("stop_words", head + mark):
        return start, words
    if passage.text[start + len(head) + 1].isupper():
        return start + len(head) + 1, [rest, *words[1:]]
    return start + len(words[0]) + 1, words[1:]


def _head(word: str, lexicon: Lexicon) -> int:
    """The length of the name before a hyphen and a title or ordinary noun (Lumera-Chef), 0 without one."""
    head, hyphen, tail = word.rpartition("-")
    if not hyphen or not lexicon.folded.get("noun_tails"):
        return 0
    titled = lexicon.has("titles", tail)
    common = titled or _is_ordinary(tail, lexicon) or _ends_in("noun_tails", tail, lexicon)
    return len(head) if common else 0


def _before_known(start: int, end: int, known: bytearray, passage: Passage, lexicon: Lexicon) -> int:
    """Where the run ends if a link word joins it to a name of the table (Silva do Flamengo)."""
    first = known.find(b"\x01", start, end)
    if first < 0:
        return end
    words = passage.flat[start:first].split()
    linked = len(words) > 1 and lexicon.has("stop_words", words[-1])
    return start + len(passage.flat[start:first].rstrip()) if linked else end


def _runs(passage: Passage, lexicon: Lexicon) -> Iterator[tuple[int, int]]:
    """Capitalised runs, begun anew at a sentence's end and after a title (Ford Chairman Bill Ford)."""
    position = 0
    while (match := _RUN.search(passage.text, position)) is not None:
        start = match.start()
        position = max(start + 1, min(match.end(), passage.sentence_at(start).end))
        if position == match.end() and _is_plain(passage.flat[start:position], lexicon):
            continue
        for word in ONE_WORD.finditer(passage.text, start, position):
            written = passage.flat[word.start() : word.end()]
            if lexicon.has("titles", written):
                yield start, _before_field(start, word.start(), passage, lexicon)
                start = word.end() + 1
            elif "-" in written and (head := _head(written, lexicon)):
                yield start, word.start() + head
                start = word.end() + 1
            elif linked := _employer_link(passage, start, word.start(), lexicon):
                yield start, linked
                start = word.start()
        yield start, position


def _is_plain(written: str, lexicon: Lexicon) -> bool:
    """Whether a run is one ordinary word and no more: most are, and name nobody."""
    return lexicon.has("ordinary", written) and written.isalpha()


def _employer_link(passage: Passage, start: int, position: int, lexicon: Lexicon) -> int:
    """Where a person's name ends before "of" and the word at `position` (Peter Lund of Standard), else 0.

    Where no body's noun (`of_heads`: bank, ministry) stands before the "of", two or three names in a row are
    a person's.
    """
    if passage.flat[position - 3 : position - 1] != "of" or not lexicon.folded.get("of_heads"):
        return 0
    words = passage.flat[start:position].split()
    if len(words) not in (3, 4) or words[-1] != "of" or any(lexicon.has("of_heads", w) for w in words):
        return 0
    return start + len(passage.flat[start:position].rstrip()) - len(" of")


def _before_field(start: int, end: int, passage: Passage, lexicon: Lexicon) -> int:
    """Where a run ends before the field of a title: Finance Minister, Prime Minister."""
    words = passage.flat[start:end].split()
    while words and lexicon.has("title_fields", words[-1]):
        words.pop()
        end = start + len(" ".join(words))
    return max(start, end)


def _is_nobody(start: int, end: int, passage: Passage, lexicon: Lexicon) -> bool:
    written = passage.flat[start:end]
    if _AMOUNT.fullmatch(passage.text, start, end):
        return True
    nations = lexicon.source.nationalities
    return lexicon.has("nobody", written) or written in nations or written.removesuffix("s") in nations


def _is_ordinary(word: str, lexicon: Lexicon) -> bool:
    return lexicon.has("ordinary", _unowned(word).rstrip(".,"))


def _unowned(word: str) -> str:
    """A folded word without a possessive ending."""
    return POSSESSIVE.sub("", word) if "'" in word else word


def _trimmed(start: int, end: int, passage: Passage, lexicon: Lexicon) -> tuple[int, int] | None:
    """The run without ordinary words at its ends and without what follows a possessive."""
    first = passage.flat.find("'s ", start, end)
    end = first if first >= 0 else end
    words = passage.flat[start:end].split(" ")
    start, words = _without_elision(start, words, passage, lexicon)
    linked = len(words) > 1 and words[0] in _SURNAME_LINKS and passage.text[start].isupper()
    surname = linked and start != passage.sentence_at(start).start
    while (
        words and not surname and (_is_ordinary(words[0], lexicon) or words[0].endswith("-"))
    ):  # a dateline ends in a dash
        start += len(words.pop(0)) + 1
    # An ordinary noun goes with what stands before it: Essener Handelskonzern Arvant.
    while len(words) > 1 and any(_is_noun(word, lexicon) for word in words[: min(2, len(words) - 1)]):
        start += len(words.pop(0)) + 1
    while words and _is_ordinary(words[-1], lexicon):
        end -= len(words.pop()) + 1
    if not words:
        return None
    written = POSSESSIVE.sub("", passage.text[start:end]).rstrip(".'’-&")
    return (start, start + len(written)) if len(written) > 1 else None


def _seen_inside_sentences(passage: Passage) -> frozenset[str]:
    """First words of capitalised runs that do not open a sentence."""
    openers = {sentence.start for sentence in passage.sentences}
    seen: set[str] = set()
    for match in ONE_WORD.finditer(passage.text):
        start = match.start()
        if start not in openers and passage.text[start - 1 : start] not in ('"', "“"):
            seen.add(_unowned(passage.flat[start : match.end()]))
    return frozenset(seen)


def _is_doubtful_opener(passage: Passage, start: int, end: int, seen: frozenset[str], scan: Scan) -> bool:
    sentence = passage.sentence_at(start)
    written = passage.text[start:end]
    opens = start == sentence.start or passage.text[start - 1 : start] in ('"', "“")
    if not opens or " " in written or "\n" in written:
        return False
    if fold(written) in seen or written.isupper() or _AGE.match(passage.text, end):
        return False
    owns = passage.flat.startswith("'s ", end)
    return not owns and not scan.within("speech", end, end + 14) and not scan.hits_between(end + 1, end + 12)


def _is_ticker(passage: Passage, start: int, end: int) -> bool:
    bracketed = passage.text[start - 1 : start] in ("<", "(") and passage.text[end : end + 1] in (">", ")")
    return bracketed and bool(_TICKER.fullmatch(passage.text[start:end]))


def local_names(names: list[Name], lexicon: Lexicon, listed: Iterable[Name] = ()) -> LocalNames:
    """How the item's own names go together: legal forms off, short forms and initials to the full name.

    `listed`: the names of the table that the item holds; a clipped form of one (Voda Idea) is led to it.
    """
    tails = lexicon.folded.get("name_tails", frozenset())
    bases = dict.fromkeys(_without_tail(name.name, tails) for name in names if name.kind == "unknown")
    full: dict[str, str] = {}
    spelled = {base: fold(base) for base in bases}
    known = [(name, fold(name).split()) for name in dict.fromkeys(one.name for one in listed)]
    for base in list(bases)[:_MOST_LOCAL]:
        short = spelled[base]
        longer = next((o for o in bases if o != base and _is_short_for(short, spelled[o])), base)
        if " " in short:
            ours = short.split()
            longer = next((name for name, words in known if _is_clipped(ours, words)), longer)
        full.setdefault(short, longer)
        initials = "".join(word[0] for word in base.split())
        if len(initials) >= 3:
            full.setdefault(fold(initials), longer)
    for name in names:
        if name.kind == "unknown":
            full.setdefault(fold(name.name), full.get(fold(_without_tail(name.name, tails)), name.name))
    surnames = {fold(base.split()[-1]): base for base in reversed(bases) if " " in base}
    return LocalNames(full, surnames)


def _is_short_for(short: str, full: str) -> bool:
    """The first words of a name, or its last where that is one word (a surname)."""
    return full.startswith(short + " ") or (" " not in short and full.endswith(" " + short))


def _is_clipped(ours: list[str], theirs: list[str]) -> bool:
    """Whether each word of a name begins the word of the other at its place (Voda Idea, Vodafone Idea)."""
    if len(ours) != len(theirs) or len(ours) < 2:
        return False
    pairs = list(zip(ours, theirs, strict=True))
    alike = any(one == other for one, other in pairs)
    return alike and all(len(one) >= _CLIPPED and other.startswith(one) for one, other in pairs)


def _without_tail(written: str, tails: frozenset[str]) -> str:
    words = written.split()
    while len(words) > 1 and fold(words[-1]).rstrip(".,") in tails:
        words.pop()
    return " ".join(words).rstrip(",")


def names_from_body(passage: Passage, local: LocalNames, taken: list[Name]) -> list[Name]:
    """The body's own names where they stand in a headline, however that is capitalised."""
    found = list(taken)
    for short, full in local.full.items():
        start = passage.flat.find(short) if len(short) > 2 else -1
        while start >= 0:
            end = start + len(short)
            edges = passage.flat[start - 1 : start] + passage.flat[end : end + 1]
            if not any(map(is_letter, edges)) and passage.text[start].isupper():
                found.append(Name(start, end, full, "unknown"))
            start = passage.flat.find(short, end)
    return without_overlaps(found)
