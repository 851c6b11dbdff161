"""The web server, which ends the streams when it is told to stop: else it would wait for them."""

from __future__ import annotations

from types import FrameType

import uvicorn

from service.web.streams import Streams


class StreamingServer(uvicorn.Server):
    """uvicorn with streams that never end by themselves."""

    def __init__(self, config: uvicorn.Config, streams: Streams) -> None:
        super().__init__(config)
        self._streams = streams

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called with the signal, in the thread of the loop."""
        super().handle_exit(sig, frame)
        self._streams.close()
