"""The bytes of a document to text, in whatever encoding it really is. Runs in the contained child only.

How it decides: a byte order mark or the zeros of UTF-16 and UTF-32 say it; else bytes that read as UTF-8 in
several places are UTF-8, whatever they are said to be; else the header's word and the document's own count,
unless another encoding turns clearly more of the bytes into characters that its languages write often. Where
what was said does not hold, `why` tells what the text was read as. What it leaves out: a document that mixes
several, and the language (two encodings that agree on every byte of it are one to us).

The wider tables (gb18030 for gb2312, windows-1252 for iso-8859-1, ...) are those that the Encoding Standard
gives these names, https://encoding.spec.whatwg.org/#names-and-labels.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from service.core.han import SIMPLIFIED, TRADITIONAL

LOOKED_AT = 256 * 1024  # as much of a document as a guess is made from
SURE_SEQUENCES = 3  # so many characters do not happen to be UTF-8
TRUST = 0.2  # by so much another encoding must be better than the one that is named
LEAST = 0.3  # share of often written characters below which nothing is guessed
FEW = 20  # one damaged character in so many is damage, not another encoding

_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_META = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)
_BEYOND = re.compile(r"[^\x00-\x7f]+")
_SEVEN_BITS = (b"\x1b$B", b"\x1b$@")  # how ISO-2022-JP changes to Japanese characters
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Where the zeros stand when a document begins with "<" and a letter.
_ZEROS = (
    ((False, True, True, True), "utf-32-le"),
    ((True, True, True, False), "utf-32-be"),
    ((False, True, False, True), "utf-16-le"),
    ((True, False, True, False), "utf-16-be"),
)
_NOT_OF_DOCUMENTS = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape", "utf-7"})
_WIDER = {
    "ascii": "utf-8",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
    "iso2022_jp": "iso2022_jp_ext",
}

_HAN = (
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种"
    "面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本"
    "去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比"
    "或但质气第向道此变条只没结解问意建月公无系很情者最立代想已通并提直题程展五果料员位入常文总次品式活设"
    "及管特件长求老基资边流路级少图统接知较将组见计别手期根论运指几区强放决西被做必先回则任取据处队南给保"
    "百规领海口东世金增争交受联什认六共权收证改清己美再更单车场身务具万每目至达议报完类名确科信话米元今集"
    "传记需研界观算低持音众书布复际商非验连断深难近千周委技备半办市克何除消构称准值号率维划选标存快效院查"
    "型格易置专厂京识适包调满局参引该价严否谣闻购股份投资澄清回应网视频款售球星董事长"
)
_HAN_TOO = _HAN + "".join(old for old, new in zip(TRADITIONAL, SIMPLIFIED, strict=True) if new in _HAN)
_KANA = "".join(map(chr, range(0x3041, 0x30FF))) + "、。「」・"
_HANGUL = (
    "이다는을의에가고한하지로기사도리자어은대서나인시들를그스으아것정해수일있부전장주제과상만보여원성구공동국"
    "미계면비경무안신조화실소위세생회라우연모유선개학용분중관오내방당야물발업결각번까와요적단마체재됐했였차"
    "합작설식입장현금융권"
)
# Characters that texts in this encoding write often, in the order in which equals are preferred.
_OFTEN = {
    "cp1252": "éèêëàâçùûüöäßñáíóúôîïåæøœãõ’‘“”–—…€«»°£\u00a0ÉÀÜÖÄ",
    "gb18030": _HAN + "，。、“”：",
    "cp950": _HAN_TOO + "，。、「」：",
    "cp932": _KANA + _HAN_TOO,
    "euc_jp": _KANA + _HAN_TOO,
    "cp949": _HANGUL,
    "cp1251": "оеаинтсрвлкмдпуяыь«»—",
    "koi8_r": "оеаинтсрвлкмдпуяыь",
    "cp1250": "ąćęłńóśźżěščřžýáíéúůďťňőűöü„”–",
    "cp1254": "ğışİçöüŞÇÖÜ’“”",
    "cp1253": "αοιετσνηυρπκμλςάέήίόύώγδθ",
    "cp1256": "الينمورتبةعدسفهكقحجش،",
    "cp1255": "יוהלאמרתבשנ",
    "cp874": "านรอกเงมยลวดตทสปพบคะใไโ่้ีัิ",
}
_LATIN = frozenset({"cp1252", "cp1250", "cp1254"})
_COMMON = {codec: frozenset(often) for codec, often in _OFTEN.items()}


@dataclass(frozen=True, slots=True)
class Reading:
    """A document as text. `why`: what was wrong with what its encoding was said to be, "" where nothing."""

    text: str
    why: str = ""


def read_text(body: bytes, content_type: str | None) -> Reading:
    """The whole document as text; never raises. `content_type` is the header, None where there was none."""
    sure = _marked(body) or _wide(body)
    if sure is not None:
        return _with_losses(body, sure)
    said = _said(body, content_type)
    if body.isascii():
        return _seven_bits(body, said)
    return _as_utf8(body, said) or _as_said(body, said)


def _marked(body: bytes) -> str | None:
    return next((codec for mark, codec in _MARKS if body.startswith(mark)), None)


def _wide(body: bytes) -> str | None:
    zeros = tuple(byte == 0 for byte in body[:4])
    return next((codec for pattern, codec in _ZEROS if pattern == zeros), None)


def _said(body: bytes, content_type: str | None) -> tuple[str, ...]:
    """The encodings of texts that the header and the document name, as codecs, the weightier first."""
    start = body[:4000]
    header = _CHARSET.search(content_type or "")
    inside = _DECLARED.search(start) or _META.search(start)
    named = [header[1]] if header else []
    named += [inside[1].decode("ascii")] if inside else []
    return tuple(dict.fromkeys(filter(None, map(_codec, named))))


def _codec(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name
        usable = found not in _NOT_OF_DOCUMENTS and b"<".decode(found) == "<"
    except (LookupError, ValueError, TypeError):  # no encoding, or one of no text
        return None
    return _WIDER.get(found, found) if usable else None


def _seven_bits(body: bytes, said: tuple[str, ...]) -> Reading:
    named = next((codec for codec in said if codec.startswith(("iso2022", "hz"))), None)
    if named is not None:
        return _with_losses(body, named)
    if any(mark in body for mark in _SEVEN_BITS):
        return Reading(body.decode("iso2022_jp_ext", "replace"), _other(said, "iso2022_jp"))
    return Reading(body.decode("ascii"))


def _as_utf8(body: bytes, said: tuple[str, ...]) -> Reading | None:
    """The document as UTF-8 where it is that, or nearly; None where another encoding has to be found."""
    text = body.decode("utf-8", "replace")
    damaged = text.count("\ufffd") - body.count(b"\xef\xbf\xbd")
    sound = sum(1 for character in text[:LOOKED_AT] if character > "\x7f") - damaged
    if damaged * FEW > sound:
        return None
    if damaged:
        return Reading(text, _losses(damaged))
    return Reading(text) if not said or "utf-8" in said or sound >= SURE_SEQUENCES else None


def _as_said(body: bytes, said: tuple[str, ...]) -> Reading:
    """The document in the encoding that is named, or in the one that fits clearly better."""
    marks = {codec: _fit(body, codec) for codec in dict.fromkeys((*said, *_COMMON))}
    named = max(said, key=lambda codec: marks[codec], default=None)
    best = max(marks, key=lambda codec: marks[codec])
    if named is not None and marks[named] >= 0 and marks[named] + TRUST >= marks[best]:
        return _with_losses(body, named)
    if marks[best] < LEAST:
        best = next((codec for codec in said if codec != "utf-8"), "cp1252")
    return Reading(body.decode(best, "replace"), _other(said, best))


def _other(said: tuple[str, ...], taken: str) -> str:
    words = f"said to be {' and '.join(said)}" if said else "not said"
    return f"its encoding is {words}; it was read as {taken}"


def _fit(body: bytes, codec: str) -> float:
    """The share of the characters beyond ASCII that this encoding's texts write often; -1: it is not that.

    An encoding of which we know no texts is believed where it holds.
    """
    try:
        text = codecs.getincrementaldecoder(codec)("replace").decode(body[:LOOKED_AT])
    except (ValueError, LookupError):
        return -1.0
    runs = _BEYOND.findall(text)
    beyond = sum(map(len, runs))
    if text.count("\ufffd") * FEW > beyond:
        return -1.0
    common = _COMMON.get(codec)
    if common is None:
        return 1.0
    # Latin letters with accents stand between plain ones, those of other scripts stand together.
    if codec in _LATIN:
        runs = [run for run in runs if len(run) <= 2]
    else:
        runs = [run for run in runs if len(run) > 1]
    fit = sum(character in common for run in runs for character in run)
    return fit / beyond if beyond else 0.0


def _with_losses(body: bytes, codec: str) -> Reading:
    text = body.decode(codec, "replace")
    damaged = text.count("\ufffd")
    return Reading(text, _losses(damaged) if damaged else "")


def _losses(count: int) -> str:
    return f"{count} of its characters were damaged"
