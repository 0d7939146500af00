"""Every error that synthhealth raises on purpose, and the doubts that it goes on with.

Each message says what is wrong, where (column or file) and how to mend it, and never contains
a cell value of the table. Catch `SynthHealthError` for all of them; where a built-in exception
says the same, the class derives from it too, so that existing handlers keep working.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "ArtifactError",
    "ConditionError",
    "Doubt",
    "FileError",
    "FitError",
    "FitInterruptedError",
    "NotFittedError",
    "ParameterError",
    "SchemaError",
    "SynthHealthError",
    "TableError",
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
    unknown model 'ctgann' (did you mean 'ctgan'?); the models are copula_gan, ctgan, \
gaussian_copula, tvae
    """


class TableError(SynthHealthError, ValueError):
    """The table cannot be used as it is: its shape, its column names or a column's values."""


class SchemaError(SynthHealthError):
    """The schema and the table disagree, or the schema itself is malformed."""


class ParameterError(SynthHealthError, ValueError):
    """An argument or a model parameter is unknown or out of its bounds."""


class ConditionError(SynthHealthError, ValueError):
    """A condition cannot be met, or too few rows that meet it were found."""


class FileError(SynthHealthError, OSError):
    """A file cannot be read or written."""


class ArtifactError(SynthHealthError, ValueError):
    """A saved model is damaged, of a newer format, or no saved model at all."""


class NotFittedError(SynthHealthError, ValueError, AttributeError):
    """The synthesizer was used before `fit`."""


class FitError(SynthHealthError, RuntimeError):
    """Training failed."""


class FitInterruptedError(SynthHealthError, RuntimeError):
    """Training was interrupted and no partial model was asked for."""


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
    >>> doubt = Doubt("3 of 150 cells are no numbers and count as missing", "kind: nominal", 3)
    >>> print(doubt, "->", doubt.settle)
    3 of 150 cells are no numbers and count as missing -> kind: nominal
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
