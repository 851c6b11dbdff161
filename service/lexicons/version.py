"""Which rules and lexicons read a text: a short hash over all of them, kept with every reading."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

_RULES = ("reading", "text.py", "han.py")  # in service.core: whatever an answer of the reader comes from
_ENDS = (".py", ".toml", ".csv", ".txt")


@cache
def reading_version() -> str:
    """Twelve hex digits that change where a rule, a phrase or a name does."""
    digest = hashlib.sha256()
    core, lexicons = files("service.core"), files("service.lexicons")
    rules = [core.joinpath(name) for name in _RULES]
    places = [*rules[0].iterdir(), *rules[1:], *lexicons.iterdir()]
    for place in sorted((one for one in places if one.name.endswith(_ENDS)), key=lambda one: one.name):
        digest.update(f"{place.name}\n".encode())
        digest.update(place.read_bytes())
    return digest.hexdigest()[:12]
