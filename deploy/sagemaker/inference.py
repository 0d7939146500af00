"""Script mode: what SageMaker's inference toolkit calls, in images that carry the toolkit.

The toolkit would send the traceback of an exception to the client, so that none is let through:
what goes wrong is answered here, as the server of synthhealth answers it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from synthhealth.aws.serving import model_fn, respond

if TYPE_CHECKING:
    from synthhealth import Synthesizer

__all__ = ["model_fn", "transform_fn"]


def transform_fn(
    model: Synthesizer,
    body: bytes | str,
    content_type: str | None,
    accept: str | None,
    context: Any,
) -> tuple[bytes, str]:
    """Answer a request, and set its status and headers in the context of the model server."""
    reply = respond(model, body, content_type, accept)
    if reply.status != HTTPStatus.OK:
        context.set_response_status(code=reply.status, phrase=HTTPStatus(reply.status).phrase)
    for name, value in reply.headers.items():
        context.set_response_header(0, name, value)
    return reply.body, reply.media_type
