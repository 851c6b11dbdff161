"""The package's lexicons and names, read and checked for form.

A key that nobody knows, a cue without proof or a word class that does not exist stops the loading with a
LexiconError that names file and entry: a typing error in a lexicon is never silently no cue. Whether the
proofs hold is checked by `check_lexicon`, which the tests run over all files, not at every start.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from importlib.resources import files
from typing import Any, TypeVar

from service.core.model import Strength
from service.core.reading.lexicon import (
    WORD_CLASSES,
    CueKind,
    CueSource,
    Knowledge,
    Lexicon,
    LexiconSource,
    NameRow,
    NameTable,
    SubjectPlace,
    compile_lexicon,
    compile_names,
)
from service.core.reading.patterns import PhraseError
from service.core.reading.proof import faults
from service.core.text import fold
from service.errors import LexiconError

_Word = TypeVar("_Word", bound=StrEnum)

_META_KEYS = frozenset(
    {
        "language", "spaced", "capitals", "terminators", "abbreviations", "endings", "particles",
        "verb_final",
    }
)  # fmt: skip
_TOP_KEYS = frozenset({"meta", "words", "relations", "nationalities", "cue"})
_LISTS = ("patterns", "needs", "avoid", "pseudo", "hit", "miss")
_CUE_KEYS = frozenset(
    {"id", "kind", "strength", "weight", "subject", "reach", "affirm", "negatable", "told", *_LISTS}
)
_NAME_COLUMNS = ("name", "kind", "country", "guarded", "aliases")


def languages() -> tuple[str, ...]:
    """The codes of the languages that the package has a lexicon for."""
    names = (entry.name for entry in files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_knowledge(languages_wanted: Collection[str] | None = None) -> Knowledge:
    """The lexicons of the languages wanted (None: all) and the names. LexiconError names what is wrong."""
    wanted = languages() if languages_wanted is None else tuple(sorted(languages_wanted))
    return Knowledge({code: _lexicon(code) for code in wanted}, _names())


def knowledge_on_demand() -> Knowledge:
    """All lexicons, each loaded when an item first needs it: for a command that reads a few and ends."""
    return Knowledge(_OnDemand(languages()), _names())


class _OnDemand(Mapping[str, Lexicon]):
    """Code to lexicon, loaded at the first look and its phrases compiled when a text is first walked: to tell
    a language from its commonest words costs no automaton."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self._codes = codes
        self._loaded: dict[str, Lexicon] = {}

    def __getitem__(self, code: str) -> Lexicon:
        if code not in self._codes:
            raise KeyError(code)
        if code not in self._loaded:
            self._loaded[code] = _lexicon(code, ready=False)
        return self._loaded[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def __contains__(self, code: object) -> bool:
        return code in self._codes


def _lexicon(code: str, *, ready: bool = True) -> Lexicon:
    place = files(__package__) / f"{code}.toml"
    if not place.is_file():
        raise LexiconError(f"There is no lexicon for the language {code!r}.")
    return parse_lexicon(f"{code}.toml", place.read_text("utf-8"), ready=ready)


def parse_lexicon(name: str, text: str, *, ready: bool = True) -> Lexicon:
    """The lexicon that `text` describes; `name` is its file's, for messages. Where it is not made `ready`,
    its phrases are compiled, and a faulty one told, when a text first asks for them."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LexiconError(f"{name} is not TOML: {error}.") from error
    _only(data, _TOP_KEYS, name)
    try:
        return compile_lexicon(_source(data, name), ready=ready)
    except PhraseError as error:
        raise LexiconError(f"{name}: {error}") from error


def _source(data: Mapping[str, Any], name: str) -> LexiconSource:
    meta = data.get("meta", {})
    _only(meta, _META_KEYS, f"{name}, meta")
    words = data.get("words", {})
    _only(words, WORD_CLASSES, f"{name}, words")
    cues = tuple(_cue(entry, name) for entry in data.get("cue", ()))
    _unique([cue.id for cue in cues], name)
    return LexiconSource(
        language=_text(meta, "language", f"{name}, meta"),
        spaced=bool(meta.get("spaced", True)),
        capitals=bool(meta.get("capitals", True)),
        terminators=str(meta.get("terminators", ".!?")),
        abbreviations=frozenset(fold(word) for word in meta.get("abbreviations", ())),
        endings=tuple(meta.get("endings", ())),
        particles=frozenset(fold(word) for word in meta.get("particles", ())),
        verb_final=bool(meta.get("verb_final", False)),
        cues=cues,
        words={key: _texts(words, key, f"{name}, words") for key in words},
        relations={key: tuple(value) for key, value in data.get("relations", {}).items()},
        nationalities={fold(word): code for word, code in data.get("nationalities", {}).items()},
    )


def _cue(entry: Mapping[str, Any], name: str) -> CueSource:
    place = f"{name}, cue {entry.get('id', '?')}"
    _only(entry, _CUE_KEYS, place)
    kind = _one_of(CueKind, entry.get("kind"), place)
    strength = _one_of(Strength, entry["strength"], place) if "strength" in entry else None
    if (kind in (CueKind.DENIAL, CueKind.ECHO)) != (strength is not None):
        raise LexiconError(f"{place}: a denial has a strength, and nothing else has one.")
    lists = {key: _texts(entry, key, place) for key in _LISTS}
    for key in ("patterns", "hit", *(() if kind is CueKind.PSEUDO else ("miss",))):
        if not lists[key]:
            raise LexiconError(f"{place}: {key} is missing.")
    return CueSource(
        id=_text(entry, "id", place),
        kind=kind,
        strength=strength,
        weight=float(entry.get("weight", 1.0)),
        subject=_one_of(SubjectPlace, entry.get("subject", "own"), place),
        reach=int(entry.get("reach", 12)),
        affirm=str(entry.get("affirm", "")),
        negatable=bool(entry.get("negatable", False)),
        told=bool(entry.get("told", False)),
        **lists,
    )


def _one_of(kind: type[_Word], value: object, place: str) -> _Word:
    try:
        return kind(str(value))
    except ValueError as error:
        raise LexiconError(f"{place}: {value!r} is no {kind.__name__}.") from error


def _only(data: Mapping[str, Any], known: frozenset[str], place: str) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise LexiconError(f"{place}: the key {unknown[0]!r} is unknown.")


def _text(data: Mapping[str, Any], key: str, place: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise LexiconError(f"{place}: {key} is missing.")
    return value


def _texts(data: Mapping[str, Any], key: str, place: str) -> tuple[str, ...]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise LexiconError(f"{place}: {key} must be a list of texts.")
    return tuple(value)


def _unique(ids: list[str], name: str) -> None:
    seen: set[str] = set()
    for cue_id in ids:
        if cue_id in seen:
            raise LexiconError(f"{name}: the cue {cue_id} is there twice.")
        seen.add(cue_id)


def _names() -> NameTable:
    return parse_names((files(__package__) / "names.csv").read_text("utf-8"))


def parse_names(text: str) -> NameTable:
    """The table that `text`, in the form of names.csv, describes. LexiconError says what is wrong."""
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != _NAME_COLUMNS:
        raise LexiconError(f"names.csv: its columns must be {', '.join(_NAME_COLUMNS)}.")
    return compile_names(tuple(_name_row(row) for row in reader))


def _name_row(row: Mapping[str, str]) -> NameRow:
    """A row of the table; LexiconError for one without a name, or with an empty or a double alias."""
    name = row["name"]
    aliases = tuple(row["aliases"].split("|")) if row["aliases"] else ()
    if not name.strip() or not all(alias.strip() for alias in aliases):
        raise LexiconError(f"names.csv, {name or row}: a name or an alias is empty.")
    if len(set(aliases)) < len(aliases):
        raise LexiconError(f"names.csv, {name}: an alias is there twice.")
    return NameRow(name, row["kind"], row["country"], row["guarded"] == "1", aliases)


def check_lexicon(lexicon: Lexicon) -> None:
    """Raise LexiconError with the first proof that fails."""
    fault = next(faults(lexicon), None)
    if fault is not None:
        raise LexiconError(f"A lexicon's proof fails: {fault}.")
