"""HTML to plain text, in time that grows with the text and not faster.

How it decides: tags vanish, block tags end a line, scripts and styles go with all they hold, entities become
characters, runs of space become one. It is a scanner of our own because the known parsers, the standard
library's included, take quadratic time on unclosed comments, quotes or nesting; here every search that once
found nothing is not tried again. What it leaves out: layout, links, alternative texts.
"""

from __future__ import annotations

import html
import re

_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_ANY_TAG = re.compile(r"<(?:[a-zA-Z!/?])")
_QUOTE_OR_END = re.compile(r"[\"'>]")
_SILENT = frozenset({"script", "style", "noscript", "template", "iframe", "svg", "math", "head"})
_INLINE = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font",
        "i", "img", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong",
        "sub", "sup", "time", "tt", "u", "var", "wbr",
    }
)  # fmt: skip
# int() refuses more than 4,300 digits, and no character has a number this long.
_HUGE_REFERENCE = re.compile(r"&#(?:[xX][0-9a-fA-F]{8,}|[0-9]{8,});?")


def looks_like_html(text: str) -> bool:
    """Whether `text` holds anything shaped like a tag."""
    return _ANY_TAG.search(text) is not None


def unescape(text: str) -> str:
    """`text` with its HTML entities as characters; never raises."""
    return html.unescape(_HUGE_REFERENCE.sub("\ufffd", text)) if "&" in text else text


def html_to_text(source: str) -> str:
    """The words of `source`, one line for each paragraph, without empty lines."""
    lines = unescape("".join(_Scanner(source).pieces())).split("\n")
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


class _Scanner:
    """One pass over the source. `_broken_quotes`: a quote was found that never ends in its tag."""

    def __init__(self, source: str) -> None:
        # Line ends of the source are spaces in HTML; ours come from block tags alone.
        self._source = source.replace("\r", " ").replace("\n", " ")
        self._at = 0
        self._last_end = self._source.rfind(">")
        self._broken_quotes = False

    def pieces(self) -> list[str]:
        found: list[str] = []
        while (start := self._source.find("<", self._at)) >= 0:
            found.append(self._source[self._at : start])
            self._at = start
            found.append(self._markup())
        found.append(self._source[self._at :])
        return found

    def _markup(self) -> str:
        """Step over what begins with `<` here; what takes its place in the text."""
        if self._source.startswith("<!--", self._at):
            self._skip_past("-->", self._at + 4)
            return ""
        if self._source.startswith(("<!", "<?"), self._at):
            self._skip_past(">", self._at)
            return ""
        tag = _TAG.match(self._source, self._at)
        if tag is None or self._at > self._last_end:
            # "earnings <forecast": a tag that nothing ends is no tag, and its words are kept.
            self._at += 1
            return "<"
        self._at = self._tag_end(tag.end())
        name = tag.group(1).lower()
        if name in _SILENT and tag.group().startswith(f"<{tag.group(1)}") and not self._self_closed():
            self._skip_element(name)
            return " "
        return "" if name in _INLINE else "\t" if name in ("td", "th") else "\n"

    def _self_closed(self) -> bool:
        return self._source.endswith("/>", 0, self._at)

    def _skip_element(self, name: str) -> None:
        end = re.compile(rf"</{name}\b", re.IGNORECASE).search(self._source, self._at)
        self._at = self._tag_end(end.end()) if end else len(self._source)

    def _skip_past(self, mark: str, start: int) -> None:
        end = self._source.find(mark, start)
        self._at = end + len(mark) if end >= 0 else len(self._source)

    def _tag_end(self, start: int) -> int:
        """The position behind the `>` that ends a tag, one in quotes not counted."""
        if not self._broken_quotes:
            end = self._quoted_tag_end(start)
            if end >= 0:
                return end
            self._broken_quotes = True
        end = self._source.find(">", start)
        return end + 1 if end >= 0 else len(self._source)

    def _quoted_tag_end(self, start: int) -> int:
        at = start
        while found := _QUOTE_OR_END.search(self._source, at):
            if found.group() == ">":
                return found.end()
            close = self._source.find(found.group(), found.end())
            if close < 0:
                return -1
            at = close + 1
        return -1
