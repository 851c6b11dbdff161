"""Which language an item is written in.

How it decides: what the feed says, where a lexicon knows it and the script agrees; else the script (kana,
hangul, Han), else the lexicon whose stop words are the most frequent among the first words. What it leaves
out: languages without a lexicon, for which it answers `und`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from service.core.reading.lexicon import Lexicon
from service.core.text import fold

UNKNOWN = "und"
_SAMPLE = 2000
_SHARE = 0.04
_KANA = re.compile("[\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7af]")
_HAN = re.compile("[\u4e00-\u9fff]")
_LETTERS = re.compile(r"[^\W\d_]")


def language(tag: str | None, title: str, text: str, lexicons: Mapping[str, Lexicon]) -> str:
    """A two-letter code of `lexicons`, or UNKNOWN."""
    said = (tag or "").lower().replace("_", "-").split("-")[0]
    if said in lexicons and lexicons[said].source.spaced and (title + text[:_SAMPLE]).isascii():
        return said
    sample = fold(f"{title}\n{text[:_SAMPLE]}")
    by_script = _by_script(sample)
    if said in lexicons and (by_script is None or by_script == said):
        return said
    if by_script is not None:
        return by_script if by_script in lexicons else UNKNOWN
    return _by_stop_words(sample, lexicons)


def _by_script(sample: str) -> str | None:
    if sample.isascii():
        return None
    kana, hangul, han = (len(script.findall(sample)) for script in (_KANA, _HANGUL, _HAN))
    letters = len(_LETTERS.findall(sample))
    if (kana + hangul + han) * 5 < letters or not letters:
        return None
    if hangul > kana and hangul * 3 > han:
        return "ko"
    return "ja" if kana * 12 > han else "zh"


def _by_stop_words(sample: str, lexicons: Mapping[str, Lexicon]) -> str:
    words = re.findall(r"[^\W\d_]+", sample)
    counted = Counter(words)
    scores = {
        code: sum(counted[word] for word in lexicon.words("stop_words") if " " not in word)
        for code, lexicon in lexicons.items()
        if lexicon.source.spaced
    }
    if not scores or not words:
        return UNKNOWN
    best = max(sorted(scores), key=lambda code: scores[code])
    return best if scores[best] >= _SHARE * len(words) else UNKNOWN
