"""Every error that synthhealth raises on purpose, and the doubts that it goes on with.

Each message says what is wrong, where (column or file) and how to mend it, and never contains
a cell value of the table. Catch `SynthHealthError` for all of them; where a built-in exception
says the same, the class derives from it too, so that existing handlers keep working.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

__all__ = [
    "AnswerTooLargeError",
    "ArtifactError",
    "AwsError",
    "BodyTimeoutError",
    "BodyTooLargeError",
    "BusyError",
    "CheckpointError",
    "ConditionError",
    "Doubt",
    "FileError",
    "FitError",
    "FitInterruptedError",
    "LaunchError",
    "MediaTypeError",
    "NotAcceptableError",
    "NotEstimableError",
    "NotFittedError",
    "ParameterError",
    "RefusedError",
    "RequestError",
    "SchemaError",
    "ServingError",
    "SettingsError",
    "SynthHealthError",
    "TableError",
    "UnmetRequestError",
    "WorkerError",
]


class SynthHealthError(Exception):
    """Base of all errors of this library.

    Examples
    --------
    >>> import synthhealth as sh
    >>> try:
    ...     sh.Synthesizer("ctgann").fit(sh.datasets.load_ra_panel())
    ... except sh.SynthHealthError as error:
    ...     print(error)
    unknown model 'ctgann' (did you mean 'ctgan'?); the models are autoregressive, \
bayesian_network, boltzmann, causal_gan, copula_gan, ctgan, diffusion, gaussian_copula, hybrid, \
private, trees, tvae
    """


class TableError(SynthHealthError, ValueError):
    """The table cannot be used as it is: its shape, its column names or a column's values.

    Parameters
    ----------
    reason : str
        What is wrong, and how to mend it.
    column : str, optional
        The one column that it is about; the message begins with it.

    Attributes
    ----------
    reason : str
        The same without the column, for whoever has named it already.

    Examples
    --------
    >>> print(TableError("no value is known", column="crp"))
    column 'crp': no value is known
    """

    def __init__(self, reason: str = "", *, column: str | None = None) -> None:
        super().__init__(reason if column is None else f"column {column!r}: {reason}")
        self.reason = reason


class SchemaError(SynthHealthError, ValueError):
    """The schema and the table disagree, or the schema itself is malformed."""


class ParameterError(SynthHealthError, ValueError):
    """An argument or a model parameter is unknown or out of its bounds."""


class ConditionError(SynthHealthError, ValueError):
    """A condition cannot be met, or too few rows that meet it were found."""


class FileError(SynthHealthError, OSError):
    """A file cannot be read or written."""


class ArtifactError(SynthHealthError, ValueError):
    """A saved model is damaged, of a newer format, or no saved model at all."""


class CheckpointError(SynthHealthError, ValueError):
    """A checkpoint is damaged, or that of another fit."""


class NotEstimableError(SynthHealthError):
    """Why a regression cannot be fitted, in words."""


if TYPE_CHECKING:
    from sklearn.exceptions import NotFittedError as _Unfitted

    class NotFittedError(SynthHealthError, _Unfitted):
        """The synthesizer was used before `fit`; scikit-learn's own error, too."""


def __getattr__(name: str) -> object:
    # Whoever only reads files or serves a model need not wait for scikit-learn.
    if name != "NotFittedError":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sklearn.exceptions import NotFittedError as Unfitted

    said = "The synthesizer was used before `fit`; scikit-learn's own error, too."
    made = type(name, (SynthHealthError, Unfitted), {"__doc__": said, "__module__": __name__})
    globals()[name] = made
    return made


class FitError(SynthHealthError, RuntimeError):
    """Training failed."""


class FitInterruptedError(SynthHealthError, RuntimeError):
    """Training was interrupted and no partial model was asked for."""


class WorkerError(SynthHealthError, RuntimeError):
    """Processes that shared work ended before it was done."""


class LaunchError(SynthHealthError):
    """Something cannot be launched on AWS, followed there or deleted."""


class SettingsError(LaunchError, ParameterError):
    """A setting is malformed, two of them contradict each other, or one is missing.

    Examples
    --------
    >>> from synthhealth.aws.launch import SettingsError, TransformSettings
    >>> try:
    ...     TransformSettings(
    ...         model_name="ra", input="s3:/hospital/requests/", output="s3://hospital/rows/",
    ...         allow_default_key=True,
    ...     )
    ... except SettingsError as error:
    ...     print(error)
    input: 's3:/hospital/requests/' is no S3 address; write s3://bucket/key
    """


class RefusedError(LaunchError, ValueError):
    """A request is not sent, since AWS would refuse it or it would not be safe."""


class AwsError(LaunchError, RuntimeError):
    """AWS did not do what it was asked for.

    Attributes
    ----------
    code : str
        AWS's own code, such as ``"AccessDeniedException"``, or boto3's where no answer came, such
        as ``"EndpointConnectionError"``.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


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


class Doubt(str):
    """What is uncertain about a column or a file, in a sentence; it never holds a cell's value.

    A doubt is no error: the work goes on with what is likeliest. It is a text that also carries
    how to settle it, and how much depends on it.

    Parameters
    ----------
    text : str
        What was seen and what is done about it.
    settle : str
        The line of the schema's column, or the option of the command line, that settles it:
        ``kind: nominal``, ``--encoding cp1256``.
    weight : {1, 2, 3}
        3: cells are lost, or a patient may be at risk; 2: the column may mean something else;
        1: worth a look.

    Examples
    --------
    >>> from synthhealth.errors import Doubt
    >>> doubt = Doubt("3 of 150 cells are not numbers and count as missing", "kind: nominal", 3)
    >>> print(doubt, "->", doubt.settle)
    3 of 150 cells are not numbers and count as missing -> kind: nominal
    """

    settle: str
    weight: int

    def __new__(cls, text: str, settle: str = "", weight: int = 1) -> Doubt:
        """Make a text that carries more than itself."""
        doubt = super().__new__(cls, text)
        doubt.settle = settle
        doubt.weight = weight
        return doubt


def nearest(name: object, known: Iterable[str]) -> str:
    """Give a hint such as ``(did you mean 'ctgan'?)``, after a space, or nothing."""
    close = difflib.get_close_matches(str(name), list(known), n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
