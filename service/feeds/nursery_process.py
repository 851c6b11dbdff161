"""The process that forks a child for each document: it passes files on and never looks into one.

It is asked over the socket whose number it is given: one byte and three files, the order, the output and a
line. The child gets the first two as standard input and output; over the line goes the status with which it
ended, below zero for a signal. A line that is hung up has its child killed; when the asking side is gone,
every child is killed and this process ends.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from typing import NoReturn

from service.feeds import parse_child
from service.feeds.documents import read_document

_FILES = 3
_MOST_OPEN = 4096
_ROUNDS = 10  # after so many the interpreter has specialised what it runs, and every pattern is compiled
_SAMPLE = """<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>A feed</title><link>https://a.example/</link><item><title>One &amp;amp; two</title>
<link>https://a.example/1</link><guid isPermaLink="false">1</guid><category>c</category>
<pubDate>Mon, 02 Feb 2026 10:00:00 +0800</pubDate><description>“Words” &lt;b&gt;more&lt;/b&gt;</description>
<content:encoded><![CDATA[<p>One.</p><p>Two&nbsp;<a href="x">three</a></p>]]></content:encoded></item>
</channel></rss>"""


class _Nursery:
    """The children at work, by process id, each with its line."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lines: dict[int, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, None)
        self._woken, waker = os.pipe()
        os.set_blocking(waker, False)
        os.set_blocking(self._woken, False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        self._selector.register(self._woken, selectors.EVENT_READ, self._woken)

    def serve(self) -> None:
        """Fork, kill and bury until the asking side is gone."""
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    if not self._take():
                        return
                elif key.data == self._woken and key.fd == self._woken:
                    os.read(self._woken, 512)
                    self._bury()
                elif key.data in self._lines:
                    os.kill(key.data, signal.SIGKILL)
                    self._selector.unregister(key.fileobj)

    def _take(self) -> bool:
        """Fork for one order; False where nobody asks any more."""
        message, files, _, _ = socket.recv_fds(self._control, 1, _FILES)
        if not message:
            return False
        if len(files) == _FILES:
            order, output, line = files
            pid = os.fork()
            if pid == 0:
                _become_child(order, output)
            self._lines[pid] = socket.socket(fileno=line)
            self._selector.register(self._lines[pid], selectors.EVENT_READ, pid)
            os.close(order)
            os.close(output)
        return True

    def _bury(self) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                line = self._lines.pop(ended[0])
                with suppress(KeyError):  # one that was told to end is not listened to any more
                    self._selector.unregister(line)
                with line, suppress(OSError):
                    line.send(str(os.waitstatus_to_exitcode(ended[1])).encode())

    def end(self) -> None:
        """Kill what is still at work."""
        for pid in self._lines:
            os.kill(pid, signal.SIGKILL)


def _become_child(order: int, output: int) -> NoReturn:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(order, 0)
        os.dup2(output, 1)
        os.closerange(3, _MOST_OPEN)
        parse_child.main()
        status = 0
    finally:
        os._exit(status)  # whatever happened: what lies above belongs to the process that forked


def main() -> None:
    """Serve the socket whose number is the second argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the asking side, whose end ends this one
    with socket.socket(fileno=int(sys.argv[2])) as control:
        for _ in range(_ROUNDS):
            read_document(_SAMPLE.encode(), None, "https://a.example/")
        gc.freeze()  # what is loaded now stays shared between the children
        nursery = _Nursery(control)
        try:
            nursery.serve()
        finally:
            nursery.end()
