"""The four functions that serve synthetic rows, without AWS and without a server.

A request is a JSON object, a line of JSON Lines, or a row of a CSV:

``num_rows``
    How many rows, from 1 to 100,000.
``seed``
    Optional whole number: the same seed gives the same rows. Without it one is drawn, and the
    answer tells it: `Reply.headers`.
``conditions``
    Optional object of columns and values that every row shall have; null: missing; a list of two
    numbers or dates: a range, in which null is an open end. In a CSV its cell holds the object as
    JSON.
``format``
    Optional: ``csv``, ``json``, ``jsonlines`` or ``parquet``; without it the ``Accept`` header
    decides, and without that it is JSON.

Several requests in one body give one table, the rows of one after those of the other.

Batch transform splits a file of JSON Lines into requests and puts their answers together again
(``SplitType`` and ``AssembleWith`` Line). There accept ``application/jsonlines``, or
``text/csv; header=absent``, since with each answer's own line of names the whole would be no CSV;
and give each request a seed, since nothing is kept of an answer but its body.

Whatever is
wrong with a request is a `ServingError`, with the HTTP status that says so and a message that
repeats nothing of the request.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from statistics import stdev
from typing import TYPE_CHECKING

from synthhealth.aws._serving._answers import (
    MEDIA_TYPES,
    Reply,
    choose_format,
    failure,
    has_header,
    refusal,
    too_large,
    write_answer,
)
from synthhealth.aws._serving._requests import (
    BATCH_ADVICE,
    Format,
    Request,
    Requests,
    read_requests,
)
from synthhealth.errors import (
    AnswerTooLargeError,
    BodyTimeoutError,
    BodyTooLargeError,
    BusyError,
    ConditionError,
    FileError,
    MediaTypeError,
    NotAcceptableError,
    ParameterError,
    RequestError,
    ServingError,
    UnmetRequestError,
    nearest,
)

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.synthesizer import Synthesizer

__all__ = [
    "MAX_ANSWER_BYTES",
    "AnswerTooLargeError",
    "BodyTimeoutError",
    "BodyTooLargeError",
    "BusyError",
    "MediaTypeError",
    "NotAcceptableError",
    "Prediction",
    "Reply",
    "Request",
    "RequestError",
    "Requests",
    "ServingError",
    "UnmetRequestError",
    "answer",
    "input_fn",
    "model_fn",
    "output_fn",
    "predict_fn",
    "respond",
]

#: The most bytes of an answer: what SageMaker's InvokeEndpoint carries.
MAX_ANSWER_BYTES = 6 * 2**20

#: Cells of one answer, so that a table of very many columns does not fill the memory.
MAX_CELLS = 5_000_000

#: Rows of a request from which on a few are drawn first, and how many, to tell the size.
LARGE, TRIAL = 5_000, 200

#: Bits of a seed that is drawn; whoever reads it as a float still has it exactly.
DRAWN_BITS = 52


@dataclass(frozen=True)
class Prediction:
    """The rows that were drawn, and the form that the request asked for.

    Attributes
    ----------
    table : pandas.DataFrame
        The synthetic rows.
    format : str or None
        ``csv``, ``json``, ``jsonlines``, ``parquet``; None: what the client accepts decides.
    drawn_seed : int or None
        The seed that was drawn, if a request had none: that of the first request, whether it had
        one or not. The next request's is one more, and so on.
    """

    table: pd.DataFrame
    format: Format | None = None
    drawn_seed: int | None = None


def model_fn(model_dir: str | os.PathLike[str]) -> Synthesizer:
    """Load the one saved model of a folder.

    Its content is checked against its checksums; nothing is unpickled and nothing else in the
    folder is read.

    Parameters
    ----------
    model_dir : path-like
        A folder with one ``.synth`` file.

    Returns
    -------
    Synthesizer

    Raises
    ------
    FileError
        The folder holds no such file, or several.
    ArtifactError
        The file is not a saved model, is damaged, or was written by a newer version.

    Examples
    --------
    >>> import tempfile, synthhealth as sh
    >>> from synthhealth.aws.serving import input_fn, model_fn, output_fn, predict_fn
    >>> real = sh.datasets.load_ra_panel()[["age", "sex"]]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = sh.Synthesizer(random_state=0).fit(real).save(f"{folder}/model.synth")
    ...     model = model_fn(folder)
    >>> body = b'{"num_rows": 3, "seed": 1, "conditions": {"sex": "M"}}'
    >>> requests = input_fn(body, "application/json")
    >>> rows, media_type = output_fn(predict_fn(requests, model), "text/csv")
    >>> media_type, rows.count(b",M")
    ('text/csv', 3)
    """
    from synthhealth.synthesizer import Synthesizer

    folder = Path(model_dir)
    if not folder.is_dir():
        raise FileError(f"{folder}: there is no such folder; give the folder of the saved model")
    # Archives made on a Mac hold hidden companions of each file.
    found = sorted(
        path for path in folder.glob("*.synth") if path.is_file() and not path.name.startswith(".")
    )
    if len(found) != 1:
        raise FileError(
            f"{folder}: there must be exactly one saved model (.synth) in it, and there are "
            f"{len(found)}; other kinds of files are never loaded"
        )
    return Synthesizer.load(found[0])


def input_fn(body: bytes | str, content_type: str | None) -> Requests:
    r"""Read the body of a request.

    Parameters
    ----------
    body : bytes or str
        UTF-8.
    content_type : str or None
        ``application/json`` (also if None or empty), ``application/jsonlines`` or ``text/csv``. In
        ``text/csv; header=absent`` the values stand in the order num_rows, seed, conditions,
        format, of which the later ones may be left out.

    Returns
    -------
    Requests

    Raises
    ------
    MediaTypeError
        The body is of another type.
    RequestError
        The body is malformed, or asks for what no model could give.

    Examples
    --------
    >>> from synthhealth.aws.serving import input_fn
    >>> input_fn('num_rows,seed\n5,1\n', "text/csv").requests
    (Request(num_rows=5, seed=1, conditions={}),)
    """
    return read_requests(body, content_type)


def predict_fn(requests: Requests, model: Synthesizer) -> Prediction:
    """Draw the rows that are asked for.

    Parameters
    ----------
    requests : Requests
        From `input_fn`.
    model : Synthesizer
        From `model_fn`.

    Returns
    -------
    Prediction

    Raises
    ------
    UnmetRequestError
        A condition names a column that the model does not have, or cannot be met.
    AnswerTooLargeError
        The rows have more cells than one answer may have.
    """
    import pandas as pd

    names = list(model.schema_.names)
    _check_cells(requests, model)
    for request in requests.requests:
        _check_columns(request, names)
    first = secrets.randbits(DRAWN_BITS)
    tables = [
        _draw(request, first + place if request.seed is None else request.seed, model)
        for place, request in enumerate(requests.requests)
    ]
    return Prediction(
        tables[0] if len(tables) == 1 else pd.concat(tables),
        requests.format,
        first if any(request.seed is None for request in requests.requests) else None,
    )


def output_fn(prediction: Prediction, accept: str | None) -> tuple[bytes, str]:
    """Write the rows.

    Parameters
    ----------
    prediction : Prediction
        From `predict_fn`.
    accept : str or None
        The ``Accept`` header; it decides the form only where the request names none. With
        ``text/csv; header=absent`` a CSV has no line of names.

    Returns
    -------
    bytes, str
        The body of the answer and its media type.

    Raises
    ------
    NotAcceptableError
        No type that the client accepts can be written, or it cannot hold the table.
    AnswerTooLargeError
        The answer would have more than `MAX_ANSWER_BYTES`.
    """
    form, header = choose_format(prediction.format, accept), has_header(accept)
    written = write_answer(prediction.table, form, MAX_ANSWER_BYTES, header=header)
    return written, MEDIA_TYPES[form] + ("" if header or form != "csv" else "; header=absent")


def answer(
    model: Synthesizer, body: bytes | str, content_type: str | None, accept: str | None
) -> Reply:
    """Answer a request: `input_fn`, `predict_fn` and `output_fn`, one after the other.

    An ``Accept`` header that cannot be met is refused before anything is drawn, and an answer that
    would be too large after a few rows.

    Raises
    ------
    ServingError
        The request is not answered.
    """
    requests = input_fn(body, content_type)
    _check_size(requests, model, accept)
    prediction = predict_fn(requests, model)
    content, media_type = output_fn(prediction, accept)
    return Reply(200, media_type, content, prediction.drawn_seed)


def respond(
    model: Synthesizer, body: bytes | str, content_type: str | None, accept: str | None
) -> Reply:
    """Give what is sent back for a request: rows, a reason, or a reference to the log.

    Parameters
    ----------
    model : Synthesizer
        From `model_fn`.
    body, content_type, accept
        As for `input_fn` and `output_fn`.

    Returns
    -------
    Reply
        It is never a traceback, and quotes nothing of the request.

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.aws.serving import respond
    >>> real = sh.datasets.load_ra_panel()[["age", "sex"]]
    >>> model = sh.Synthesizer(random_state=0).fit(real)
    >>> respond(model, b'{"num_rows": 3}', None, "text/html").status
    406
    """
    try:
        return answer(model, body, content_type, accept)
    except ServingError as error:
        return refusal(error)
    # Broad, since no failure may reach the client in its own words, or end the server.
    except Exception as error:
        return failure(error)


def _check_size(requests: Requests, model: Synthesizer, accept: str | None) -> None:
    """Refuse what cannot fit into an answer, by the bytes of a few of its rows.

    Five standard errors are taken off, so that nothing is refused that fits.
    """
    form = choose_format(requests.format, accept)
    _check_cells(requests, model)
    if form == "parquet":
        return  # packed: a few rows tell nothing of many
    least = about = n_rows = 0.0
    for request in requests.requests:
        if request.num_rows < LARGE:
            continue
        trial = predict_fn(Requests((replace(request, num_rows=TRIAL, seed=0),)), model).table
        written = write_answer(trial, form, MAX_ANSWER_BYTES, header=False)
        lines = [len(line) + 1 for line in written.split(b"\n")]
        error = stdev(lines) * sqrt(len(lines)) / TRIAL
        about += request.num_rows * len(written) / TRIAL
        least += request.num_rows * (len(written) / TRIAL - 5 * error)
        n_rows += request.num_rows
    if least > MAX_ANSWER_BYTES:
        raise too_large(form, MAX_ANSWER_BYTES, int(n_rows * MAX_ANSWER_BYTES / about))


def _check_cells(requests: Requests, model: Synthesizer) -> None:
    n_cells = sum(request.num_rows for request in requests.requests) * len(model.schema_)
    if n_cells > MAX_CELLS:
        raise AnswerTooLargeError(
            f"the rows would have {n_cells:,} cells, more than the {MAX_CELLS:,} of one answer; "
            f"{BATCH_ADVICE}"
        )


def _check_columns(request: Request, names: list[str]) -> None:
    for place, name in enumerate(request.conditions, start=1):
        if name not in names:
            raise UnmetRequestError(
                f"conditions: column {place} of {len(request.conditions)} is none of the "
                f"model's{nearest(name, names)}; `synthhealth inspect` shows the model's columns"
            )


def _draw(request: Request, seed: int, model: Synthesizer) -> pd.DataFrame:
    try:
        return model.sample(
            request.num_rows, conditions=dict(request.conditions) or None, random_state=seed
        )
    except (ConditionError, ParameterError) as error:
        raise UnmetRequestError(str(error)) from None
