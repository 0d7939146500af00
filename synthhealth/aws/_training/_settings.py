r"""What a job is told: its parameters, in whichever of SageMaker's spellings they arrive.

``CreateTrainingJob`` carries every value as text. The training toolkit's clients write JSON inside
that text (``"\"ctgan\""``), version 3 of the SDK does so for all but text, tuning jobs write bare
numbers, and people write ``True``: all mean the same here.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synthhealth.errors import ParameterError, nearest
from synthhealth.models import DEFAULT, Parameter, get
from synthhealth.models.parameters import check_names
from synthhealth.models.sdv_words import in_our_words
from synthhealth.table.left_out import LEFT_OUT, Privacy

__all__ = ["PARAMETERS", "Settings", "read_arguments", "read_settings"]

#: What a job can be told beside the parameters of its family of models.
PARAMETERS = (
    Parameter("synthesizer", str, DEFAULT, "the family of models"),
    Parameter(
        "random_state", int, None, "the seed that decides everything", low=0, high=2**128 - 1
    ),
    Parameter(
        "privacy", str, "standard", "how many patients are left out", choices=tuple(LEFT_OUT)
    ),
    Parameter("num_rows", int, None, "synthetic rows of the report", low=1, high=100_000_000),
    Parameter("max_seconds", float, None, "time budget of the training", low=1e-3, high=1e9),
    Parameter(
        "protect",
        str,
        None,
        "what is done with columns that identify people",
        choices=("drop", "fake", "generalise"),
    ),
    Parameter("drop", list, None, "columns to leave out"),
    Parameter("checkpoint_dir", str, None, "folder that outlives an interruption"),
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What a job is told.

    Attributes
    ----------
    synthesizer : str
        The family of models.
    random_state : int or None
        The seed; None: one is drawn.
    privacy : {"none", "standard", "high"}
        How many patients are left out.
    num_rows : int or None
        Synthetic rows of the report; None: as many as were learned.
    max_seconds : float or None
        Time budget of the training.
    protect : str or None
        ``drop``, ``fake`` or ``generalise``: what is done with columns that identify people.
    drop : tuple of str
        Columns to leave out.
    checkpoint_dir : str or None
        Folder that outlives an interruption.
    model_params : dict
        Parameters of the family.
    """

    synthesizer: str = DEFAULT
    random_state: int | None = None
    privacy: Privacy = "standard"
    num_rows: int | None = None
    max_seconds: float | None = None
    protect: str | None = None
    drop: tuple[str, ...] = ()
    checkpoint_dir: str | None = None
    model_params: dict[str, Any] = field(default_factory=dict)


def read_settings(given: Mapping[str, Any]) -> Settings:
    """Understand and check the parameters of a job.

    Parameters
    ----------
    given : mapping of str to object
        Names and values, as text or as they are. Names that begin with ``_`` or ``sagemaker_``
        belong to SageMaker and are left aside.

    Returns
    -------
    Settings

    Raises
    ------
    ParameterError
        A name is unknown, or a value is of the wrong type or out of its bounds.

    Examples
    --------
    >>> from synthhealth.aws._training._settings import read_settings
    >>> read_settings({"synthesizer": '"ctgan"', "steps": "20", "log_frequency": "True"})
    ... # doctest: +ELLIPSIS
    Settings(synthesizer='ctgan', ..., model_params={'steps': 20, 'log_frequency': True})
    """
    foreign = [name for name in given if name.startswith(("_", "sagemaker_"))]
    if foreign:
        _log.info("parameters of SageMaker, left aside: %s", ", ".join(sorted(foreign)))
    values = {name: _plain(value) for name, value in given.items() if name not in foreign}
    family = get(str(values.get("synthesizer") or PARAMETERS[0].default))
    ours = {parameter.name: parameter for parameter in PARAMETERS}
    theirs = {parameter.name: parameter for parameter in family.parameters}
    known = theirs | ours
    for name in values:
        if name not in known:
            said = in_our_words(name, theirs)
            raise ParameterError(
                f"there is no parameter {name!r}"
                + (f", a word of SDV: {said}" if said else nearest(name, known))
                + f"; a job takes {', '.join(ours)}, and {family.name!r} takes {', '.join(theirs)}"
            )
    check_names(family.name, known.values(), values)
    # In the family's order: the model names its parameters, and launchers sort them or not.
    checked = {
        name: _checked(parameter, values[name], given[name])
        for name, parameter in known.items()
        if values.get(name) is not None
    }
    model_params = {name: value for name, value in checked.items() if name not in ours}
    return Settings(
        **{name: value for name, value in checked.items() if name in ours},
        model_params=model_params,
    )


def read_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """Split ``--name value``, ``--name=value`` and a bare ``--name``, which is true.

    Raises
    ------
    ParameterError
        An argument belongs to no name.

    Examples
    --------
    >>> from synthhealth.aws._training._settings import read_arguments
    >>> read_arguments(["--num-rows", "100", "--enable_gpu", "--steps=-1"])
    {'num_rows': '100', 'enable_gpu': 'true', 'steps': '-1'}
    """
    found: dict[str, str] = {}
    waiting: str | None = None
    for argument in arguments:
        if argument.startswith("--"):
            name, equals, value = argument[2:].partition("=")
            name = name.replace("-", "_")
            found[name] = value if equals else "true"
            waiting = None if equals else name
        elif waiting is not None:
            found[waiting] = argument
            waiting = None
        else:
            raise ParameterError(
                f"the argument {argument!r} belongs to no parameter; write --name value"
            )
    return found


def _plain(value: Any) -> Any:
    """Take a value out of the text that carries it."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text in ("", "None"):
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return _plain(found) if isinstance(found, str) else found


def _refuse(word: str) -> float:
    raise ValueError(word)  # NaN and Infinity, which are no JSON


def _checked(parameter: Parameter, value: Any, raw: Any) -> Any:
    if parameter.name == "drop":
        return _names(value, raw)
    if parameter.type is str and not isinstance(value, str):
        value = str(raw)
    if parameter.type is int and isinstance(value, float) and value.is_integer():
        value = int(value)
    if parameter.type is tuple and isinstance(value, str):
        value = _plain(f"[{value.strip('()[] ').rstrip(',')}]")
    if parameter.type is tuple and isinstance(value, int):
        value = [value]
    try:
        return parameter.check(value)
    except OverflowError:
        raise ParameterError(f"parameter {parameter.name!r} is too large for a number") from None


def _names(value: Any, raw: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        return (value if isinstance(value, str) else str(raw),)
    if not all(isinstance(name, str) for name in value):
        raise ParameterError("parameter 'drop' takes a JSON list of column names in quotes")
    return tuple(value)
