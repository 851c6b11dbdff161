"""Stories found by words: what is kept of a story for it, and what a question looks for.

How it decides: both are folded as claims are (one case, one Chinese script), without marks, and a space
stands wherever a run of Chinese, Japanese or Korean meets anything else. A word in letters is found by how
it begins (`talk` finds `talks`), a run of such characters anywhere, for nothing says where its words begin.
All words of a question must be there. What it leaves out: ranks; what is found comes the latest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from service.core.model import Quotation, Story
from service.core.text import fold

MOST_CHARACTERS = 8_000
MOST_TERMS = 12
_RUN = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(f"[{_RUN}]+|[^\\W_{_RUN}]+")
_IS_RUN = re.compile(f"[{_RUN}]")


def words_of(story: Story) -> str:
    """The words of a story: its claim, its principals, and what was quoted and by whom, each once.

    They begin and end with a space, and one stands between two.
    """
    said = [story.claim.text, *story.claim.principals, *_quoted(story.rumor)]
    for position in story.positions:
        said += [position.party, position.speaker or "", *_quoted(position.quotation)]
    return joined(said)


def joined(said: Iterable[str]) -> str:
    """The words of several texts, as they are kept."""
    found = dict.fromkeys(word for text in said for word in _WORD.findall(fold(text)))
    return f" {' '.join(found)} "[:MOST_CHARACTERS]


def terms_of(question: str) -> tuple[str, ...]:
    """What each of the words of a story is searched for, as a part of them; empty where there is no word."""
    found = dict.fromkeys(_WORD.findall(fold(question)))
    return tuple(word if _IS_RUN.match(word) else f" {word}" for word in found)[:MOST_TERMS]


def _quoted(quotation: Quotation | None) -> list[str]:
    if quotation is None:
        return []
    return [quotation.text, quotation.title, quotation.outlet or "", quotation.speaker or ""]
