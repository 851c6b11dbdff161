"""Language knowledge as data: one TOML file a language, and the table of names. FORMAT.md describes both."""

from __future__ import annotations

from service.lexicons.load import (
    check_lexicon,
    knowledge_on_demand,
    languages,
    load_knowledge,
    parse_lexicon,
)

__all__ = ["check_lexicon", "knowledge_on_demand", "languages", "load_knowledge", "parse_lexicon"]
