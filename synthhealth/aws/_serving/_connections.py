"""Connections within bounds: how many, of whom, and how long a request may take to begin.

uvicorn bounds neither. Whoever sends half a header would keep a connection for ever.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from synthhealth.aws._serving._answers import Reply, refusal
from synthhealth.errors import BodyTimeoutError, BusyError

if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = [
    "HEADER_SECONDS",
    "KEEP_ALIVE_SECONDS",
    "MAX_CLIENT_CONNECTIONS",
    "bounded_protocol",
]

#: Seconds for the header of a request, from its first byte.
HEADER_SECONDS = 10

#: Seconds that an idle connection is kept, longer than by whoever is in front of the server: a
#: request on a connection that is just being closed would be lost.
KEEP_ALIVE_SECONDS = 75

#: Connections at once, and those of one client. SageMaker's own front is one client, which never
#: needs so many: fewer requests may wait.
MAX_CONNECTIONS, MAX_CLIENT_CONNECTIONS = 512, 256


def bounded_protocol() -> type[H11Protocol]:
    """Make uvicorn's protocol for a server of its own, with bounds."""
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    n_open: Counter[str] = Counter()

    class Bounded(H11Protocol):
        _host = ""
        _timer: asyncio.TimerHandle | None = None
        _has_begun = False

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._host = self.client[0] if self.client else ""
            n_open[self._host] += 1
            if n_open[self._host] > MAX_CLIENT_CONNECTIONS or n_open.total() > MAX_CONNECTIONS:
                self._end(refusal(BusyError("too many connections are open; use those you have")))
                return
            self._wait(KEEP_ALIVE_SECONDS)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:  # the header is there
                self._has_begun = False
                self._wait(None)
            elif not self._has_begun:
                self._has_begun = True
                self._wait(HEADER_SECONDS)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._wait(None)
            n_open[self._host] -= 1
            if not n_open[self._host]:
                del n_open[self._host]

        def _wait(self, seconds: float | None) -> None:
            """Give the client so long for a header, or for ever."""
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None if seconds is None else self.loop.call_later(seconds, self._late)

        def _late(self) -> None:
            self._end(
                refusal(
                    BodyTimeoutError(
                        f"the header of the request did not arrive within {HEADER_SECONDS} seconds"
                    )
                )
            )

        def _end(self, reply: Reply) -> None:
            if not self.transport.is_closing():
                self.transport.write(_written(reply))
                self.transport.close()

    return Bounded


def _written(reply: Reply) -> bytes:
    head = (
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n"
        f"content-type: {reply.media_type}\r\n"
        f"content-length: {len(reply.body)}\r\n"
        "connection: close\r\n\r\n"
    )
    return head.encode() + reply.body
