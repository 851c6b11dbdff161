"""Whether an entry is only a stub of its article, and why.

How it decides: an entry without an address has no article. A text that breaks off or ends with "read more" is
a stub, so is a short one, and one of which the feed itself says that it is a summary, unless it is long. A
character of Chinese, Japanese or Korean counts as three, since it says about as much. What it leaves out:
what the article holds; an entry that is short because its article is too costs one fetch.
"""

from __future__ import annotations

import re

from service.core.feed import Entry

SHORT = 300
LONG = 2500
_WIDE = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_END = 300
_BROKEN_OFF = re.compile(r"(?:\[\s?(?:…|\.\.\.)\s?\]|(?:…|\.\.\.)\s*$)")
_MORE = re.compile(
    r"read (?:more|on|the (?:full|rest|whole))|continue reading|full (?:story|article)|keep reading|"
    r"weiterlesen|mehr lesen|lire la suite|en savoir plus|leer más|seguir leyendo|leia mais|continue lendo|"
    r"leggi (?:tutto|di più)|continua a leggere|"
    r"阅读全文|查看全文|閱讀全文|繼續閱讀|继续阅读|続きを読む|全文を読む|"
    r"더 보기|기사 전문|전체 기사",
    re.IGNORECASE,
)


def weight(text: str) -> int:
    """How much `text` says, in characters of an alphabet."""
    return len(text) + 2 * len(_WIDE.findall(text))


def why_stub(entry: Entry) -> str:
    """Why `entry` is only a stub of its article, "" where it is none."""
    size = weight(entry.text)
    if entry.url is None or size >= LONG:
        return ""
    end = entry.text[-_END:]
    if _BROKEN_OFF.search(end):
        return "its text breaks off"
    if more := _MORE.search(end):
        return f"its text ends with “{more.group()}”"
    if size < SHORT:
        return f"its text is short ({len(entry.text)} characters)"
    return "its feed says that it is a summary" if entry.summary else ""
