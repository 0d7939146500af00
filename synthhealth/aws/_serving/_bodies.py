"""The bodies of requests, read within bounds of size and memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from synthhealth.errors import BodyTooLargeError, BusyError

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["MAX_BODY_BYTES", "Bodies"]

#: The most bytes of a request: what SageMaker's InvokeEndpoint carries.
MAX_BODY_BYTES = 6 * 2**20

#: What is still read of a longer one, so that the client reads our answer and no broken
#: connection; SageMaker itself sends at most 100 MB.
MAX_DRAINED_BYTES = 128 * 2**20

#: The bytes of all bodies that are held at once, and the most of them that are one client's.
MAX_HELD_BYTES, MAX_HELD_OF_CLIENT = 384 * 2**20, 192 * 2**20


class Bodies:
    """Reads bodies, and knows how much of whose is in memory."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    async def read(self, request: Request) -> bytes:
        """Read a body; what is too much is read on where that is bearable, and thrown away.

        `free` it once it is answered, whether or not this succeeds.

        Raises
        ------
        BodyTooLargeError
            It has more than `MAX_BODY_BYTES`.
        BusyError
            Too many bodies are held.
        """
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > MAX_DRAINED_BYTES:
            raise _too_large()
        parts: list[bytes] = []
        size, has_room = 0, True
        async for part in request.stream():
            size += len(part)
            has_room = has_room and self._take(request, len(part))
            if has_room and size <= MAX_BODY_BYTES:
                parts.append(part)
            else:
                parts.clear()
            if size > MAX_DRAINED_BYTES:
                break
        if size > MAX_BODY_BYTES:
            raise _too_large()
        if not has_room:
            raise BusyError("too many long requests are under way; ask again in a few seconds")
        return b"".join(parts)

    def free(self, request: Request) -> None:
        """Forget what a request has held."""
        self._held[_client(request)] -= request.scope.pop(_TAKEN, 0)

    def _take(self, request: Request, size: int) -> bool:
        client = _client(request)
        taken = request.scope.get(_TAKEN, 0)
        # Nothing is held of what is too long.
        size = min(size, MAX_BODY_BYTES - taken)
        if (
            self._held.total() + size > MAX_HELD_BYTES
            or self._held[client] + size > MAX_HELD_OF_CLIENT
        ):
            return False
        request.scope[_TAKEN] = taken + size
        self._held[client] += size
        return True


#: Where a request's scope says how much it holds.
_TAKEN = "synthhealth.held"


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _too_large() -> BodyTooLargeError:
    return BodyTooLargeError(
        f"the request has more than {MAX_BODY_BYTES:,} bytes; it needs only num_rows, seed, "
        "conditions and format"
    )
