"""An item that holds up its worker for ever: the process ends, and whoever supervises it starts it anew.

A thread that hangs cannot be ended from outside, and a loop that hangs reads nothing more, in silence. So
the process goes, by a timer that needs neither the interpreter's lock nor its help, after it wrote down
where every thread stood. The item then counts as one that its worker was lost over, and is tried alone
before long.
"""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Iterator
from contextlib import contextmanager

MOST_SECONDS = 120.0  # for one item; the slowest known takes less than one


@contextmanager
def watched(seconds: float = MOST_SECONDS) -> Iterator[None]:
    """Ends the process (exit status 1) where the block takes longer. One block at a time."""
    faulthandler.dump_traceback_later(seconds, exit=True, file=sys.__stderr__ or 2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
