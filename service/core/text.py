"""Text made comparable without moving a character, and the fingerprint by which an edit is noticed.

How it decides: `fold` maps each character to exactly one character (NFKC where that is one character long,
then lower case, then our own table of quotes, dashes and spaces, then traditional Chinese characters as
simplified ones), so an offset into the folded text is an offset into the text. What it leaves out: foldings
that change the length (ligatures, ß -> ss).
"""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache

from service.core.han import SIMPLIFIED, TRADITIONAL

_SAME = {
    **dict.fromkeys("‘’‚‛`´ʼ′＇", "'"),
    **dict.fromkeys("“”„‟«»″＂〝〞", '"'),
    **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
    **dict.fromkeys(
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
        " ",
    ),
    **dict.fromkeys("\u2028\u2029\x0b\x0c\x85", "\n"),
    **dict(zip(TRADITIONAL, SIMPLIFIED, strict=True)),
}
# What stands between the parts of a name in one script and not in another.
_BETWEEN = frozenset(" .'-\u00b7\u2022\u2027\u30fb\uff65")
_FLAT = str.maketrans("\n\t\r", "   ")


class _FoldTable(dict[int, str]):
    """Code point to folded character, filled as characters are met: str.translate does the walking."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        self[code] = folded
        return folded


def _fold_character(character: str) -> str:
    if character in _SAME:
        return _SAME[character]
    compatible = unicodedata.normalize("NFKC", character)
    single = compatible if len(compatible) == 1 else character
    lowered = single.lower()
    return _SAME.get(lowered, lowered) if len(lowered) == 1 else single


_FOLD_TABLE = _FoldTable()


def fold(text: str) -> str:
    """`text` in one case, one kind of quote, dash and space. Always of the same length as `text`."""
    return text.translate(_FOLD_TABLE)


def flat(text: str) -> str:
    """`text` folded, with line breaks and tabs as spaces: a phrase is found over a line's end too."""
    return fold(text).translate(_FLAT)


def clean(text: str) -> str:
    """Text that every store and page can hold: no control characters but newline and tab, no surrogates.

    Removed characters vanish, so offsets are taken in the cleaned text, never in the raw one.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CLEAN_TABLE)


class _CleanTable(dict[int, int | None]):
    """Code point to itself, or to None where it vanishes, filled as characters are met."""

    def __missing__(self, code: int) -> int | None:
        character = chr(code)
        vanishes = character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cs", "Cn")
        self[code] = None if vanishes else code
        return self[code]


_CLEAN_TABLE = _CleanTable()


def fingerprint(title: str, text: str) -> str:
    """32 hex digits that change when the words change, and not when only space, case or quotes do."""
    words = " ".join(f"{title}\n{text}".split())
    return hashlib.sha256(fold(words).encode("utf-8", "replace")).hexdigest()[:32]


@lru_cache(maxsize=16384)
def name_key(name: str) -> str:
    """What names are compared by: one case, one Chinese script, and nothing between their letters.

    `埃隆·馬斯克` and `埃隆马斯克` are one, and so are `J. Lo` and `J.Lo`.
    """
    folded = fold(name)
    return "".join(character for character in folded if character not in _BETWEEN) or folded


def is_telling_figure(figure: str) -> bool:
    """Whether few claims would share a figure (digits, or digits and %): no year, day or small number."""
    digits = figure.rstrip("%")
    is_year = len(digits) == 4 and digits[:2] in ("19", "20")
    return figure.endswith("%") or (len(digits) > 2 and not is_year)


def stable_id(prefix: str, *parts: str | None) -> str:
    """`prefix_` and 16 hex digits: the same parts give the same id, on every machine, for ever."""
    joined = "\x1f".join("" if part is None else part for part in parts)
    return f"{prefix}_{hashlib.sha256(joined.encode('utf-8', 'replace')).hexdigest()[:16]}"
