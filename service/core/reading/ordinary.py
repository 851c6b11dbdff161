"""Whether a run of letters in a script without spaces is ordinary words, and no name.

How it decides: `common_words` holds the commonest words of two letters, `common_deeds` those that open no
name (verbs, manners, pronouns). A run that such words make up is none; before an ending of names, deeds that
stand first are no part of it. What it leaves out: real segmentation, which would need a whole dictionary.
"""

from __future__ import annotations

from service.core.reading.lexicon import Lexicon

_PAIR = 2
_SHORTEST_FOREIGN, _LONGEST_FOREIGN = 3, 8
_ONE_LEFT = 5  # from so many letters on, one of them may be no word


def is_made_of_words(written: str, lexicon: Lexicon) -> bool:
    """Whether common words make up the folded `written`; of three letters, its first two."""
    if len(written) == _PAIR + 1:
        return _is_word(written[:_PAIR], lexicon)
    left = _uncovered(written, lexicon)
    return bool(written) and left <= (1 if len(written) >= _ONE_LEFT else 0)


def past_deeds(flat: str, start: int, end: int, lexicon: Lexicon) -> int:
    """Where in `start`..`end` a name can begin: behind deeds with nothing but words before them."""
    for position in range(end - _PAIR, start - 1, -1):
        deed = lexicon.has("common_deeds", flat[position : position + _PAIR])
        if deed and (position == start or is_made_of_words(flat[start:position], lexicon)):
            return position + _PAIR
    return start


def is_foreign(written: str, lexicon: Lexicon) -> bool:
    """Whether the letters are those that foreign names are written with (`foreign_letters`), and no word."""
    if not _SHORTEST_FOREIGN <= len(written) <= _LONGEST_FOREIGN or lexicon.has("not_names", written):
        return False
    return all(lexicon.has("foreign_letters", letter) for letter in written)


def is_land(before: str, ending: str, lexicon: Lexicon) -> bool:
    """Whether a land and the word for a company are all there is: the Indian company."""
    return before in lexicon.source.nationalities and lexicon.has("companies", ending)


def _uncovered(written: str, lexicon: Lexicon) -> int:
    """The fewest letters that no common word covers."""
    least = [0]
    for end in range(1, len(written) + 1):
        best = least[end - 1] + 1
        if end >= _PAIR and _is_word(written[end - _PAIR : end], lexicon):
            best = min(best, least[end - _PAIR])
        least.append(best)
    return least[-1]


def _is_word(pair: str, lexicon: Lexicon) -> bool:
    return lexicon.has("common_words", pair) or lexicon.has("common_deeds", pair)
