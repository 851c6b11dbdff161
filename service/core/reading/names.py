"""Names in a passage: those of the table, and those that only their capital letters give away.

How it decides: a known name must stand alone as a word, and where it is an ordinary word too (Target, Great
Wall) it must be written as a name. An unknown name is a run of capitalised words with common openers taken
off; a single word that opens a sentence counts only where the item writes it as a name elsewhere. Shorter
forms and initials (Shearson, TWA) are led back to the longer name of the same item. What it leaves out:
unknown names in scripts without capitals, and names inside headlines that capitalise every word, unless the
body has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from service.core.reading.cues import Scan
from service.core.reading.lexicon import Knowledge, Lexicon, NameKey
from service.core.reading.sentences import Passage
from service.core.text import fold

_WORD = r"[A-ZÀ-ÖØ-Þ][\w&.'’‑-]*"
_LINK = "of|de|del|de la|de los|di|della|do|da|dos|das|and|&"
_SURNAME_LINKS = frozenset({"de", "del", "di", "da", "do", "dos"})  # De Soto, Di Leo, Da Silva
_RUN = re.compile(rf"{_WORD}(?:[ \n](?:(?:{_LINK})[ \n](?={_WORD}))?{_WORD})*")
_ONE = re.compile(_WORD)
_POSSESSIVE = re.compile(r"['’]s?$")
_TICKER = re.compile(r"[A-Z0-9]{1,6}(?:\.[A-Z]{1,3})?")
_MOST_LOCAL = 60
_LONGEST_TICKER = 5
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Name:
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


def known_names(passage: Passage, knowledge: Knowledge) -> list[Name]:
    """The table's names in `passage`, in order, the longest where several start together."""
    automaton = knowledge.names.automaton
    if not len(automaton) or not passage.flat:
        return []
    found: list[Name] = []
    for last, (length, key) in automaton.iter(passage.flat):
        start = last + 1 - length
        if _stands_alone(passage.flat, start, last + 1, key) and _is_written_as_name(
            passage, start, last + 1, key
        ):
            found.append(Name(start, last + 1, key.row.name, key.row.kind, key.row.country))
    return _without_overlaps(found)


def _without_overlaps(names: Iterable[Name]) -> list[Name]:
    kept: list[Name] = []
    for name in sorted(names, key=lambda n: (n.start, -n.end)):
        if not kept or name.start >= kept[-1].end:
            kept.append(name)
    return kept


def _stands_alone(flat: str, start: int, end: int, key: NameKey) -> bool:
    if not key.bounded:
        return True
    before, after = flat[start - 1 : start], flat[end : end + 1]
    if before == "<" and after == ">" and end - start <= _LONGEST_TICKER:
        return False
    if before == "-" and len(key.spelling) <= _SHORT:  # Atlético-MG is not MG
        return False
    return not (_is_letter(before) or _is_letter(after)) and not (before in ("@", "/") or after == "@")


def _is_letter(character: str) -> bool:
    """Letters that would make the name a part of a longer word; Han and kana never do."""
    return character.isalnum() and character < "\u2e80"


def _is_written_as_name(passage: Passage, start: int, end: int, key: NameKey) -> bool:
    written = passage.text[start:end].replace("\n", " ")
    if not key.bounded:
        return True
    if len(written) <= 4 and key.spelling.isupper():
        return written == key.spelling
    if not key.row.guarded:
        return any(character.isupper() for character in written) or written == key.spelling
    return written == key.spelling or written.isupper()


def with_places(names: list[Name], passage: Passage, lexicon: Lexicon) -> list[Name]:
    """Known names with a land right after them made bodies of their own: Castrol India is not Castrol."""
    return [_with_place(name, passage, lexicon) for name in names if not _is_city(name, passage, lexicon)]


def _is_city(name: Name, passage: Passage, lexicon: Lexicon) -> bool:
    """Whether a club's name stands for its town: where the language has articles, the club wants one."""
    if name.kind != "club" or not lexicon.has("places", passage.flat[name.start : name.end]):
        return False
    before = passage.flat[max(0, name.start - 12) : name.start].split()
    clubs = ("articles", "joined_articles")
    return not before or not any(lexicon.has(words, before[-1]) for words in clubs)


def _with_place(name: Name, passage: Passage, lexicon: Lexicon) -> Name:
    following = _ONE.match(passage.text, name.end + 1)
    if following is None or passage.flat[name.end : name.end + 1] != " ":
        return name
    place = _POSSESSIVE.sub("", passage.flat[following.start() : following.end()]).rstrip(".,")
    if not lexicon.has("places", place) or "." in place:
        return name
    end = following.start() + len(place)
    return Name(name.start, end, f"{name.name} {passage.text[following.start() : end]}", name.kind)


def shared_openers(title: Passage, text: Passage) -> frozenset[str]:
    """Words that open both a headline and a sentence of the text, and stand in neither in small letters."""
    words = _opening_words(title) & _opening_words(text)
    small = {word for place in (title, text) for word in place.text.split() if word[:1].islower()}
    return words - small


def _opening_words(passage: Passage) -> frozenset[str]:
    openers = (_ONE.match(passage.text, sentence.start) for sentence in passage.sentences)
    return frozenset(_POSSESSIVE.sub("", passage.flat[m.start() : m.end()]) for m in openers if m is not None)


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
        doubtful = not lexicon.words("noun_tails") and _is_doubtful_opener(passage, *run, inside, scan)
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
    if " " in written or "\n" in written or written.isupper():
        return False
    before = passage.flat[max(0, start - 20) : start].split()
    determined = bool(before) and lexicon.has("determiners", before[-1])
    return determined or passage.flat[start:end].endswith(tuple(lexicon.folded.get("noun_tails", ())))


def _is_noun(word: str, lexicon: Lexicon) -> bool:
    """Whether a capitalised word is an ordinary noun by its ending, in a language of capitalised nouns."""
    tails = tuple(lexicon.folded.get("noun_tails", ()))
    ordinary = lexicon.has("companies", word) or lexicon.has("determiners", word)
    return bool(tails) and (word.endswith(tails) or ordinary)


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
    common = titled or _is_ordinary(tail, lexicon) or tail.endswith(tuple(lexicon.folded["noun_tails"]))
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
        for word in _ONE.finditer(passage.text, start, position):
            written = passage.flat[word.start() : word.end()]
            if lexicon.has("titles", written):
                yield start, word.start()
                start = word.end() + 1
            elif "-" in written and (head := _head(written, lexicon)):
                yield start, word.start() + head
                start = word.end() + 1
        yield start, position


def _is_nobody(start: int, end: int, passage: Passage, lexicon: Lexicon) -> bool:
    written = passage.flat[start:end]
    return lexicon.has("nobody", written) or written in lexicon.source.nationalities


def _is_ordinary(word: str, lexicon: Lexicon) -> bool:
    bare = _POSSESSIVE.sub("", word) if "'" in word else word
    return lexicon.has("ordinary", bare.rstrip(".,"))


def _trimmed(start: int, end: int, passage: Passage, lexicon: Lexicon) -> tuple[int, int] | None:
    """The run without ordinary words at its ends and without what follows a possessive."""
    first = passage.flat.find("'s ", start, end)
    end = first if first >= 0 else end
    words = passage.flat[start:end].split(" ")
    start, words = _without_elision(start, words, passage, lexicon)
    surname = len(words) > 1 and words[0] in _SURNAME_LINKS and start != passage.sentence_at(start).start
    while (
        words and not surname and (_is_ordinary(words[0], lexicon) or words[0].endswith("-"))
    ):  # a dateline ends in a dash
        start += len(words.pop(0)) + 1
    while len(words) > 1 and _is_noun(words[0], lexicon):
        start += len(words.pop(0)) + 1
    while words and _is_ordinary(words[-1], lexicon):
        end -= len(words.pop()) + 1
    if not words:
        return None
    written = _POSSESSIVE.sub("", passage.text[start:end]).rstrip(".'’-&")
    return (start, start + len(written)) if len(written) > 1 else None


def _seen_inside_sentences(passage: Passage) -> frozenset[str]:
    """First words of capitalised runs that do not open a sentence."""
    openers = {sentence.start for sentence in passage.sentences}
    seen: set[str] = set()
    for match in _ONE.finditer(passage.text):
        if match.start() not in openers and passage.text[match.start() - 1 : match.start()] not in ('"', "“"):
            seen.add(_POSSESSIVE.sub("", passage.flat[match.start() : match.end()]))
    return frozenset(seen)


def _is_doubtful_opener(passage: Passage, start: int, end: int, seen: frozenset[str], scan: Scan) -> bool:
    sentence = passage.sentence_at(start)
    written = passage.text[start:end]
    opens = start == sentence.start or passage.text[start - 1 : start] in ('"', "“")
    if not opens or " " in written or "\n" in written:
        return False
    if fold(written) in seen or written.isupper():
        return False
    owns = passage.flat.startswith("'s ", end)
    return not owns and not scan.within("speech", end, end + 14) and not scan.hits_between(end + 1, end + 12)


def _is_ticker(passage: Passage, start: int, end: int) -> bool:
    bracketed = passage.text[start - 1 : start] in ("<", "(") and passage.text[end : end + 1] in (">", ")")
    return bracketed and bool(_TICKER.fullmatch(passage.text[start:end]))


def local_names(names: list[Name], lexicon: Lexicon) -> LocalNames:
    """How the item's own names go together: legal forms off, short forms and initials to the full name."""
    tails = lexicon.folded.get("name_tails", frozenset())
    bases = dict.fromkeys(_without_tail(name.name, tails) for name in names if name.kind == "unknown")
    full: dict[str, str] = {}
    spelled = {base: fold(base) for base in bases}
    for base in list(bases)[:_MOST_LOCAL]:
        short = spelled[base]
        longer = next((o for o in bases if o != base and _is_short_for(short, spelled[o])), base)
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
            if not any(map(_is_letter, edges)) and passage.text[start].isupper():
                found.append(Name(start, end, full, "unknown"))
            start = passage.flat.find(short, end)
    return _without_overlaps(found)
