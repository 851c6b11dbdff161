"""Whether a cue fires in a sentence: how a lexicon's own `hit` and `miss` sentences are proven."""

from __future__ import annotations

from collections.abc import Iterator

from service.core.reading.cues import Hit, Scan, scan
from service.core.reading.lexicon import CueKind, Lexicon
from service.core.reading.scope import clause, refusal
from service.core.reading.sentences import Passage, passage


def fires(cue_id: str, text: str, lexicon: Lexicon) -> bool:
    """Whether the cue stands in `text`, is no look-alike and survives its scope."""
    place = passage("text", text, lexicon)
    found = scan(place.flat, lexicon, every=True)
    return any(hit.cue.id == cue_id and _stands(hit, place, found, lexicon) for hit in found.hits)


def _stands(hit: Hit, place: Passage, found: Scan, lexicon: Lexicon) -> bool:
    sentence = place.sentence_at(hit.start)
    return not refusal(hit, clause(hit, sentence, place, found), sentence, place, found, lexicon)


def faults(lexicon: Lexicon) -> Iterator[str]:
    """One sentence for each proof that fails; nothing where every hit hits and every miss misses."""
    for cue in lexicon.source.cues:
        if cue.kind is CueKind.PSEUDO:
            yield from _unsaid(cue.id, cue.hit, lexicon)
            continue
        for text in cue.hit:
            if not fires(cue.id, text, lexicon):
                yield f"{lexicon.language}: {cue.id} does not hit {text!r}"
        for text in cue.miss:
            if fires(cue.id, text, lexicon):
                yield f"{lexicon.language}: {cue.id} hits its miss {text!r}"


def _unsaid(cue_id: str, texts: tuple[str, ...], lexicon: Lexicon) -> Iterator[str]:
    """A look-alike proves itself by leaving no denial and no confirmation standing."""
    for text in texts:
        standing = [c.id for c in lexicon.source.cues if c.kind in _DECIDING and fires(c.id, text, lexicon)]
        if standing:
            yield f"{lexicon.language}: {cue_id} leaves {standing[0]} standing in {text!r}"


_DECIDING = (CueKind.DENIAL, CueKind.CONFIRMATION)
