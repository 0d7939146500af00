"""The parameter table of a model family: one entry per parameter, read by people and by code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from synthhealth.errors import ParameterError, nearest
from synthhealth.models.sdv_words import in_our_words

__all__ = ["Parameter", "check_names", "resolve"]

#: More layers help no table, and would only keep a machine busy.
MAX_LAYERS = 64


@dataclass(frozen=True)
class Parameter:
    """One parameter of a model family.

    Attributes
    ----------
    name : str
    type : type
        ``int``, ``float``, ``bool``, ``str``, ``tuple`` (of positive integers: layer widths),
        ``list`` (of column names) or ``dict`` (from column name to one of `choices`).
    default : object or callable
        The default, or a function from the number of rows to the default.
    meaning : str
        What it does, in one or two sentences.
    default_is : str
        The default in words, where it depends on the number of rows, and why.
    low, high : number or None
        The smallest and largest value that is allowed.
    choices : tuple of str
        The allowed values, for text.
    instead_of : str
        The parameter that may be given so, in other units; it has no default, and not both may be
        given.
    required : bool
        Whether it must be given; it has no default then.
    """

    name: str
    type: type
    default: Any
    meaning: str
    default_is: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    instead_of: str = ""
    required: bool = False

    def default_for(self, n_rows: int) -> Any:
        """Give the default for a table of `n_rows` rows."""
        return self.default(n_rows) if callable(self.default) else self.default

    def check(self, value: Any) -> Any:
        """Return `value` in the parameter's type, or refuse it.

        Raises
        ------
        ParameterError
        """
        if self.type is tuple:
            return self._check_widths(value)
        if self.type is dict:
            return self._check_mapping(value)
        if self.type is list:
            return self._check_names(value)
        if self.type is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, self.type) or (self.type is int and isinstance(value, bool)):
            raise ParameterError(
                f"parameter {self.name!r} takes {_TYPE_WORDS[self.type]}, "
                f"not {type(value).__name__}"
            )
        if self.choices and value not in self.choices:
            raise ParameterError(
                f"parameter {self.name!r} cannot be {value!r}{nearest(value, self.choices)}; "
                f"it is one of {', '.join(self.choices)}"
            )
        return self._check_bounds(value)

    def _check_bounds(self, value: Any) -> Any:
        if self.low is not None and value < self.low:
            raise ParameterError(
                f"parameter {self.name!r} is {value}, below its smallest value {self.low:g}; "
                f"the nearest valid value is {self.low:g}"
            )
        # `not <=` refuses NaN too.
        if self.high is not None and not value <= self.high:
            raise ParameterError(
                f"parameter {self.name!r} is {value}, above its largest value {self.high:g}; "
                f"the nearest valid value is {self.high:g}"
            )
        return value

    def _check_widths(self, value: Any) -> tuple[int, ...]:
        if (
            not isinstance(value, tuple | list)
            or not value
            or any(not isinstance(width, int) or isinstance(width, bool) for width in value)
            or any(not 1 <= width <= (self.high or 1) for width in value)
            or len(value) > MAX_LAYERS
        ):
            raise ParameterError(
                f"parameter {self.name!r} takes the widths of at most {MAX_LAYERS} layers, each "
                f"from 1 to {self.high:g}, such as (128, 128)"
            )
        return tuple(value)

    def _check_names(self, value: Any) -> list[str]:
        if not isinstance(value, tuple | list) or not all(isinstance(one, str) for one in value):
            raise ParameterError(
                f"parameter {self.name!r} takes a list of column names, such as ['sex', 'age']"
            )
        return list(value)

    def _check_mapping(self, value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise ParameterError(
                f"parameter {self.name!r} takes a dict from column name to one of "
                f"{', '.join(self.choices)}"
            )
        for column, choice in value.items():
            if choice not in self.choices:
                raise ParameterError(
                    f"parameter {self.name!r}, column {column!r}: {choice!r} is unknown"
                    f"{nearest(choice, self.choices)}; it is one of {', '.join(self.choices)}"
                )
        return dict(value)


def resolve(
    model: str, parameters: Iterable[Parameter], given: Mapping[str, Any], n_rows: int
) -> dict[str, Any]:
    """Give every parameter its value: the one that was given, else the default for `n_rows`.

    Raises
    ------
    ParameterError
        A parameter is unknown, of the wrong type, out of its bounds, or given in two ways.
    """
    known = {parameter.name: parameter for parameter in parameters}
    check_names(model, known.values(), given)
    for name, parameter in known.items():
        if parameter.required and given.get(name) is None:
            raise ParameterError(
                f"model {model!r} needs {name!r}, {parameter.meaning}; give {name}=... "
                f"(--param {name}=...)"
            )
    return {
        name: parameter.check(given[name])
        if given.get(name) is not None
        else parameter.default_for(n_rows)
        for name, parameter in known.items()
    }


def check_names(model: str, parameters: Iterable[Parameter], given: Mapping[str, Any]) -> None:
    """Refuse names that a family has not, SDV's among them with ours, and one thing said twice.

    Raises
    ------
    ParameterError
    """
    known = {parameter.name: parameter for parameter in parameters}
    for name, value in given.items():
        if name not in known:
            said = in_our_words(name, known)
            raise ParameterError(
                f"model {model!r} has no parameter {name!r}"
                + (f", a word of SDV: {said}" if said else nearest(name, known))
                + f"; it has {', '.join(sorted(known))}"
            )
        other = known[name].instead_of
        if other and value is not None and given.get(other) is not None:
            raise ParameterError(
                f"model {model!r}: {name!r} says in other units what {other!r} says; give one of "
                "them"
            )


_TYPE_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
