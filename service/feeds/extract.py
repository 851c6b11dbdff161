"""A page to the text of its article, in a child process that is killed when it takes too long or too much.

What the child says is checked here before it is believed. Needs trafilatura, the extra `fulltext`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import service
from service.core.articles import Extract
from service.core.text import clean
from service.errors import FeedError
from service.feeds.parse import WALL_SECONDS
from service.feeds.strings import MAX_ADDRESS, MAX_TEXT

EXTRA = "rumorwatch[fulltext]"
_START = "import sys; sys.path.insert(0, sys.argv[1]); from service.feeds.article_child import main; main()"
_MOST_SAID = 8 * 1024 * 1024


def is_available() -> bool:
    """Whether what finds the text of an article is installed."""
    return find_spec("trafilatura") is not None


def extract_article(
    body: bytes, content_type: str | None, url: str, wall_seconds: float = WALL_SECONDS
) -> Extract:
    """The article in the page `body`; its text may be "".

    Blocks for at most `wall_seconds`. Raises FeedError, one sentence, where the page broke the reader.
    """
    head = json.dumps({"content_type": content_type}).encode() + b"\n"
    root = str(Path(service.__file__).resolve().parent.parent)
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [sys.executable, "-I", "-c", _START, root],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL,
            env={},
        )
        trouble = _hand_over(child, head + body, wall_seconds)
        output.seek(0)
        said = output.read(_MOST_SAID)
    return _believed(said, trouble, url)


def _hand_over(child: subprocess.Popen[bytes], data: bytes, wall_seconds: float) -> str:
    """Hand over the page and wait; how the child ended, "" for an orderly end."""
    try:
        child.communicate(data, timeout=wall_seconds)
    except subprocess.TimeoutExpired:
        return f"it took longer than {wall_seconds:g} s"
    except OSError as error:
        return f"it could not be handed over ({error.strerror})"
    finally:
        child.kill()
        child.wait()
    if child.returncode < 0:
        return f"its reader was stopped by signal {-child.returncode}"
    return f"its reader ended with status {child.returncode}" if child.returncode else ""


def _believed(said: bytes, trouble: str, url: str) -> Extract:
    try:
        answer = json.loads(said) if said else {}
    except ValueError:
        answer = {}
    text = answer.get("text") if isinstance(answer, dict) else None
    if not isinstance(text, str):
        broke = trouble or (answer.get("broke") if isinstance(answer, dict) else None) or "it said nothing"
        raise FeedError(f"The page {url.partition('?')[0][:300]} could not be read: {broke}.")
    given = answer.get("canonical")
    address = clean(given) if isinstance(given, str) and len(given) <= MAX_ADDRESS else None
    return Extract(clean(text).strip()[:MAX_TEXT], address)
