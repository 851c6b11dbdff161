"""Amounts as one number each, however they are written: 7.5 billion, 75亿, 75億, 75억, 7,5 Milliarden.

How it decides: digits with their separators, then the unit word or character right after them. A dot or comma
before exactly three digits parts thousands, else it is the decimal mark; before a unit word it is always the
decimal mark where it could be both. A percentage keeps its sign, so that 20% is not 20. What it leaves out:
numbers in words, currencies, and Chinese numerals.
"""

from __future__ import annotations

import re
from decimal import Decimal

MOST = 12
_UNITS = {
    "k": 3, "thousand": 3, "tausend": 3, "mil": 3, "mila": 3, "mille": 3, "千": 3, "천": 3,
    "万": 4, "만": 4,
    "m": 6, "mn": 6, "mln": 6, "million": 6, "millions": 6, "millionen": 6, "mio": 6, "millones": 6,
    "millón": 6, "milioni": 6, "milione": 6, "milhões": 6, "milhão": 6, "百万": 6, "백만": 6,
    "亿": 8, "億": 8, "억": 8,
    "bn": 9, "bln": 9, "billion": 9, "billions": 9, "milliarden": 9, "milliarde": 9, "mrd": 9,
    "milliards": 9, "milliard": 9, "miliardi": 9, "miliardo": 9, "bilhões": 9, "bilhão": 9, "mil millones": 9,
    "十亿": 9, "trillion": 12, "兆": 12, "조": 12, "万亿": 12,
}  # fmt: skip
_PERCENT = ("%", "percent", "per cent", "pct", "prozent", "por ciento", "per cento", "pour cent", "por cento")
_WORDS = "|".join(sorted(map(re.escape, (*_UNITS, *_PERCENT)), key=len, reverse=True))
_FIGURE = re.compile(rf"(?<![\w.])(\d[\d.,]*\d|\d)(?:[\s-]?({_WORDS})(?![a-zß-ÿ]))?")
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_MOST_DIGITS = 18


def figures(flat: str) -> tuple[str, ...]:
    """The figures of folded text, each as plain digits (or digits and %), sorted, at most twelve."""
    found = {_plain(m.group(1), m.group(2) or "") for m in _FIGURE.finditer(flat)}
    return tuple(sorted(found - {""}))[:MOST]


def _plain(digits: str, unit: str) -> str:
    exponent = _UNITS.get(unit, 0)
    marks = {mark for mark in ".," if mark in digits}
    if len(marks) == 2:  # the last one is the decimal mark
        digits = digits.replace("," if digits.rfind(",") < digits.rfind(".") else ".", "")
    parted = _THOUSANDS.fullmatch(digits) and not (exponent and digits.count(".") + digits.count(",") == 1)
    written = re.sub(r"[.,]", "", digits) if parted and len(marks) < 2 else digits.replace(",", ".")
    if written.count(".") > 1 or len(written) > _MOST_DIGITS:
        return digits[:_MOST_DIGITS] if not unit else ""
    number = Decimal(written) * 10**exponent
    text = format(number, "f")
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{plain}%" if unit in _PERCENT else plain
