"""The limits that a site sets for a release, from a YAML file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from synthhealth.errors import FileError, ParameterError, SchemaError
from synthhealth.evaluation.figures import Result
from synthhealth.evaluation.privacy.results import EMA_LIMIT
from synthhealth.io.files import reason
from synthhealth.schema.problems import first_problem
from synthhealth.schema.yaml import read_yaml

__all__ = ["FILE_LIMIT", "Policy"]

#: How far above one half the area under the curve of an attack on a saved model that leaves the
#: house may lie, unless the site says otherwise.
FILE_LIMIT = 0.15

#: Far beyond any policy.
_MAX_BYTES = 2**16

_Share = Annotated[float, Field(gt=0, lt=1)]


class Policy(Result):
    """Limits that a release is held against.

    WP216 names three criteria and no number. Where the site sets none either, the number of EMA
    Policy 0070 stands in.

    Examples
    --------
    >>> Policy(singling_out=0.05).linkability
    0.09
    """

    name: str = Field(default="the policy of the site", min_length=1, max_length=80)
    """What the policy is called, for whoever reads the page: a number, a board."""
    singling_out: _Share = EMA_LIMIT
    """How much more often, as a share of patients, an attack may single out patients that were \
learned than others."""
    linkability: _Share = EMA_LIMIT
    """How far above one half the area under the curve of an attack may lie that links a known \
record with the study."""
    inference: _Share = EMA_LIMIT
    """How much more often secrets may be guessed right of patients that were learned than of \
others."""
    saved_model: _Share = FILE_LIMIT
    """How far above one half the area under the curve of the strongest attack on a saved model \
may lie, where that leaves the hospital."""
    recognised: Annotated[float, Field(ge=0.001, lt=1)] | None = None
    """A test of the site's own, beside EMA's: the share of patients that may be recognised nearly \
surely; None for none. It is shown by the limit in use that is next below it: see `Membership`."""
    repeated_rows: _Share | None = None
    """Another: how much more often whole rows, or whole rows but for rounding, may be repeated of \
patients that were learned than of others; None for none."""

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Policy:
        """Read the limits from a YAML file.

        Parameters
        ----------
        path : path-like
            The file: keys and numbers, such as ``inference: 0.05``. Keys left out keep their value.

        Raises
        ------
        FileError
            The file cannot be read.
        ParameterError
            It has an unknown key, or a limit is not a number between 0 and 1.
        """
        try:
            content = read_yaml(_text(path)).content
        except SchemaError as error:
            raise ParameterError(f"{path}: {error}") from None
        if not isinstance(content, dict):
            raise ParameterError(
                f"{path}: a policy has lines such as 'inference: 0.05'; the keys are "
                f"{', '.join(cls.model_fields)}"
            )
        try:
            return cls.model_validate(content, strict=True)
        except ValidationError as error:
            raise ParameterError(f"{path}: {first_problem(error, cls, content).words}") from None


def _text(path: str | os.PathLike[str]) -> str:
    try:
        with Path(path).open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise FileError(f"{path}: the file cannot be read ({reason(error)})") from None
    if len(content) > _MAX_BYTES:
        raise FileError(f"{path}: the file is too large for a policy")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileError(f"{path}: the file is not in UTF-8; save it in this encoding") from None
