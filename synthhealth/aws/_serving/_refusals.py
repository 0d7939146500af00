"""Why a request is not answered, each with its HTTP status.

The messages never repeat what the request holds: where a CSV lacks its header, even a name is a
patient's value.
"""

from __future__ import annotations

from typing import ClassVar

from synthhealth.errors import SynthHealthError

__all__ = [
    "AnswerTooLargeError",
    "BodyTimeoutError",
    "BodyTooLargeError",
    "BusyError",
    "MediaTypeError",
    "NotAcceptableError",
    "RequestError",
    "ServingError",
    "UnmetRequestError",
]


class ServingError(SynthHealthError):
    """A request is not answered.

    Attributes
    ----------
    status : int
        The HTTP status of the answer that says so.

    Examples
    --------
    >>> from synthhealth.aws.serving import ServingError, input_fn
    >>> try:
    ...     input_fn(b'{"num_rows": 0}', "application/json")
    ... except ServingError as error:
    ...     print(error.status, error)
    400 num_rows must be a whole number from 1 to 100,000
    """

    status: ClassVar[int] = 400


class RequestError(ServingError, ValueError):
    """The request is malformed, or asks for what no model could give."""


class MediaTypeError(ServingError):
    """The body is of a type that is not read."""

    status: ClassVar[int] = 415


class NotAcceptableError(ServingError):
    """None of the types that the client accepts can be written."""

    status: ClassVar[int] = 406


class BodyTimeoutError(ServingError):
    """The request did not arrive as a whole in time."""

    status: ClassVar[int] = 408


class BodyTooLargeError(ServingError):
    """The request has more bytes than are read."""

    status: ClassVar[int] = 413


class AnswerTooLargeError(ServingError):
    """The answer would have more bytes than an endpoint may give."""

    status: ClassVar[int] = 422


class UnmetRequestError(ServingError):
    """The request is understood, but this model cannot meet it."""

    status: ClassVar[int] = 422


class BusyError(ServingError):
    """The model is not loaded yet, or too many requests are waiting."""

    status: ClassVar[int] = 503
