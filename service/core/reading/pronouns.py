"""Whom "the company", "it" and "he" mean.

How it decides: in text order, each is led back to the latest fitting body or person; words inside quotations
do not become the topic. What it leaves out: anything that would need syntax; "it" goes to the sentence's
first body, else to the topic of the one before.
"""

from __future__ import annotations

import re

from service.core.model import Role
from service.core.reading.cues import Scan
from service.core.reading.mentions import TITLED, Mention, Sort, Topic, is_personal
from service.core.reading.sentences import Passage, Sentence

_TOPICS = frozenset(
    {
        Sort.BODY,
        Sort.SPOKESMAN,
        Sort.EXECUTIVE,
        Sort.OFFICIAL,
        Sort.AUTHORITY,
        Sort.PERSON,
        Sort.COMPANY,
    }
)
_VERB_NEAR = 12  # letters between who speaks and the verb
_THE = re.compile(r"\b(?:[Tt]he|[Ee]l|[Ll]a|[Ii]l|[Ll]o|[Ll]e|[Oo]|[Dd]er|[Dd]ie)\s$|\b[Ll]['’]$")
_ONE_OF = re.compile(r"(?:^|\W)(?:an?|une?|eine?|una|uno|uma?) $", re.IGNORECASE)


def resolve(found: list[Mention], passage: Passage, scan: Scan, topic: Topic) -> list[Mention]:
    """`found` with "the company", "it" and "he" led back; `topic` stands as after the passage."""
    resolved: list[Mention] = []
    sentence: Sentence | None = None
    first_body: str | None = None
    first_firm: str | None = None
    first_human: str | None = None
    for mention in found:
        here = passage.sentence_at(mention.start)
        if here is not sentence:
            _turn_to(topic, first_body, first_firm)
            sentence, first_body, first_firm, first_human = here, None, None, None
        firm = first_firm or (None if first_body and first_body not in topic.authorities else topic.firm)
        if mention.body in topic.outsiders:
            mention = mention._replace(sort=Sort.THIRD_PARTY, body=None, speaker=mention.body, role=None)
        spoke = _who_spoke(mention, resolved, passage, scan)
        known = mention._replace(body=spoke) if spoke else _led_back(mention, first_body, topic, scan)
        meant = _meant_by_title(mention, topic, passage)
        if meant is not None:
            known = known._replace(body=meant.body, speaker=meant.speaker)
        if not first_human and known.sort is Sort.BODY and not known.known and is_personal(known, passage):
            topic.human = first_human = known.body
        institution = mention.sort is Sort.COMPANY or _is_some_spokesman(mention, passage)
        if institution and firm and known.body in (first_body, topic.body):
            known = known._replace(body=firm)
        resolved.append(known)
        if not (first_body and first_firm) and _can_be_topic(known) and _is_unquoted(known, passage):
            first_body = first_body or known.body
            no_firm = is_personal(known, passage) or known.sort is Sort.AUTHORITY
            first_firm = first_firm or (None if no_firm else known.body)
        _note(topic, known)
    _turn_to(topic, first_body, first_firm)
    return resolved


def _is_unquoted(mention: Mention, passage: Passage) -> bool:
    return passage.quotation_at(mention.start) is None


def _is_some_spokesman(mention: Mention, passage: Passage) -> bool:
    """Whether "a spokesman" is one of a body's, not of a person's (his spokesman)."""
    if mention.sort is not Sort.SPOKESMAN or mention.body is not None:
        return False
    return bool(_ONE_OF.search(passage.text[max(0, mention.start - 5) : mention.start]))


def _turn_to(topic: Topic, body: str | None, firm: str | None) -> None:
    """Make the first body of a sentence, and the first that is no person, what the next speaks of."""
    if body:
        topic.body, topic.firm = body, firm or (topic.firm if body in topic.authorities else None)


def _who_spoke(mention: Mention, before: list[Mention], passage: Passage, scan: Scan) -> str | None:
    """In scripts without articles "the company" right after a reporting verb is the one that reports."""
    if mention.sort is not Sort.COMPANY or passage.text[mention.start] < "\u2e80" or not before:
        return None
    speaker = before[-1]
    verbs = scan.within("speech", speaker.end, mention.start)
    near = bool(verbs) and mention.start - verbs[-1].end <= 2 and verbs[0].start - speaker.end <= _VERB_NEAR
    same = passage.sentence_at(speaker.start) == passage.sentence_at(mention.start)
    return speaker.body if near and same and _can_be_topic(speaker) else None


def _can_be_topic(mention: Mention) -> bool:
    return mention.body is not None and mention.sort in _TOPICS


def _note(topic: Topic, mention: Mention) -> None:
    if mention.sort is Sort.THIRD_PARTY and mention.speaker:
        topic.outsiders.add(mention.speaker)
    if mention.sort is Sort.AUTHORITY and mention.body:
        topic.authorities.add(mention.body)
    if mention.sort is Sort.BODY and mention.body:
        topic.bodies.pop(mention.body, None)
        topic.bodies[mention.body] = mention.country
    if mention.sort is Sort.OUTLET and mention.body and mention.named:
        topic.outlet = mention.body
    if mention.sort in TITLED or mention.sort is Sort.PERSON:
        topic.person = mention


def _led_back(mention: Mention, first_body: str | None, topic: Topic, scan: Scan) -> Mention:
    nearest = first_body or topic.body
    if mention.sort is Sort.OUTLET and mention.body and not mention.named:
        vague = mention.body.lower().endswith(("report", "reports"))
        return mention._replace(body=topic.outlet or (None if vague else mention.body))
    if mention.sort is Sort.COMPANY:
        last = topic.person
        of_person = last is not None and last.sort is Sort.PERSON and last.body == nearest
        latest = next(reversed(topic.bodies), nearest) if of_person or nearest is None else nearest
        return mention._replace(body=_by_country(mention, topic, scan) or latest)
    if mention.sort is Sort.ITS:
        return mention._replace(body=nearest)
    if mention.sort in TITLED and mention.body is None:
        return mention._replace(body=nearest)
    if mention.sort is Sort.HE and topic.person is not None:
        person = topic.person
        return mention._replace(body=person.body, speaker=person.speaker, role=person.role)
    if mention.sort is Sort.HE:
        nearest = topic.human or nearest
        return mention._replace(body=nearest, role=Role.PRINCIPAL if nearest else None)
    return mention


def _meant_by_title(title: Mention, topic: Topic, passage: Passage) -> Mention | None:
    """The person last named with a title, where `title` is a bare one after "the" (the minister)."""
    person = topic.person
    if title.sort not in (Sort.EXECUTIVE, Sort.OFFICIAL) or title.body or title.speaker:
        return None
    if person is None or not person.speaker or person.sort not in (Sort.EXECUTIVE, Sort.OFFICIAL):
        return None
    before = passage.text[max(0, title.start - 4) : title.start]
    bare = passage.text[title.start] > "\u2e80" and person.sort is title.sort  # no article in such scripts
    return person if bare or _THE.search(before) else None


def _by_country(mention: Mention, topic: Topic, scan: Scan) -> str | None:
    """The latest body from the land that "the Japanese firm" names."""
    adjectives = scan.within("nationality", max(0, mention.start - 30), mention.end)
    countries = {adjective.value for adjective in adjectives}
    return next((name for name, country in reversed(topic.bodies.items()) if country in countries), None)
