"""What a synthesizer is told, or finds out: seeds, counts, parameters of its family, schemas."""

from __future__ import annotations

import inspect
import operator
import secrets
from collections.abc import Iterable
from typing import Any

import pandas as pd

from synthhealth.errors import ParameterError
from synthhealth.models.choice import AUTO
from synthhealth.models.parameters import Parameter, check_names
from synthhealth.models.registry import BUILT_IN, OWN_ARGUMENTS, get
from synthhealth.schema import Schema
from synthhealth.schema.detection.doubts import tell
from synthhealth.schema.detection.proposal import propose
from synthhealth.schema.reading.written import WrittenTable

__all__ = ["SignatureOfFamilies", "check_count", "check_family", "check_seed", "detected"]

#: Seeds of numpy's SeedSequence, which has a pool of 128 bits, and of saved models are below.
MOST_SEEDS = 2**128


def check_family(model: Any, given: Iterable[str]) -> None:
    """Refuse a family that there is not, and parameters that it has not; values are not looked at.

    Raises
    ------
    ParameterError
        With the nearest name that there is.
    """
    if model == AUTO:
        for name in given:
            raise ParameterError(
                f"model {AUTO!r} chooses the family and takes none of its parameters; name the "
                f"family that {name!r} is of"
            )
        return
    if given or model not in BUILT_IN:
        check_names(str(model), get(model).parameters, dict.fromkeys(given))


def check_seed(random_state: int | None) -> int:
    """Return a seed, drawn where none is given.

    Raises
    ------
    ParameterError
    """
    if random_state is None:
        return secrets.randbits(32)
    try:
        seed = operator.index(random_state)
    except TypeError:
        raise ParameterError(
            f"random_state is a {type(random_state).__name__}; give a whole number, or None"
        ) from None
    if seed < 0:
        raise ParameterError(f"random_state is {seed}; give a whole number from 0")
    if seed >= MOST_SEEDS:
        raise ParameterError("random_state is too large; give a whole number below 2**128")
    return seed


def check_count(name: str, count: int | None) -> int:
    """Return a number of things, at least one.

    Raises
    ------
    ParameterError
    """
    try:
        number = operator.index(count)  # type: ignore[arg-type]
    except TypeError:
        raise ParameterError(
            f"{name} is a {type(count).__name__}; give a whole number from 1"
        ) from None
    if isinstance(count, bool) or number < 1:
        raise ParameterError(f"{name} is {count}; give a whole number from 1")
    return number


class SignatureOfFamilies:
    """The constructor's signature with the parameters of all our families in the place of `**`.

    Editors and notebooks complete the names of arguments from it, and `help` shows them. Which
    family takes which is in `synthhealth.models.get(family).parameters`.
    """

    def __get__(self, instance: object, owner: type) -> inspect.Signature:
        """Give the signature of a class; of a synthesizer, which cannot be called, none."""
        if instance is not None:
            raise AttributeError("__signature__")
        signature = inspect.signature(owner.__init__)  # type: ignore[misc]
        own = [
            one
            for name, one in signature.parameters.items()
            if name != "self" and one.kind is not one.VAR_KEYWORD
        ]
        families: dict[str, Parameter] = {
            parameter.name: parameter
            for family in BUILT_IN
            for parameter in get(family).parameters
            if parameter.name not in OWN_ARGUMENTS
        }
        more = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=one.type
            )
            for name, one in sorted(families.items())
        ]
        return inspect.Signature([*own, *more])


def detected(table: pd.DataFrame | WrittenTable) -> Schema:
    """Propose a schema, and say what is in doubt."""
    proposal = propose(table)
    tell(proposal.doubts)
    return proposal.schema
