"""Which values are missing together, and how often."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict

from synthhealth.errors import ConditionError

Mask = npt.NDArray[np.bool_]


class MissingPatterns(BaseModel):
    """The joint patterns of missing values of a table, with their shares of the rows.

    Patterns are drawn with the shares they had, so that the rate of missing values of every
    column comes back, and panels that were not ordered go missing together. They are drawn
    independently of the values.

    Attributes
    ----------
    columns : tuple of str
        The columns that have missing values; empty for a complete table.
    patterns : tuple of tuple of bool
        For each pattern, whether each of `columns` is missing.
    shares : tuple of float
        For each pattern, its share of the rows; they sum to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...]
    patterns: tuple[tuple[bool, ...], ...]
    shares: tuple[float, ...]

    @classmethod
    def learn(cls, missing: pd.DataFrame) -> MissingPatterns:
        """Count the patterns of a table of booleans (True: missing)."""
        columns = tuple(missing.columns[missing.any()])
        if not columns:
            return cls(columns=(), patterns=(), shares=())
        patterns, counts = np.unique(
            missing.loc[:, list(columns)].to_numpy(), axis=0, return_counts=True
        )
        return cls(
            columns=columns,
            patterns=tuple(tuple(bool(cell) for cell in row) for row in patterns),
            shares=tuple(float(count) / len(missing) for count in counts),
        )

    def draw(
        self, n: int, rng: np.random.Generator, *, known: dict[str, bool] | None = None
    ) -> Mask:
        """Draw `n` patterns; `known` says of some columns whether they shall be missing.

        Returns
        -------
        numpy.ndarray of bool, shape (n, len(columns))

        Raises
        ------
        ConditionError
            No pattern agrees with `known`.
        """
        patterns = np.asarray(self.patterns, dtype=bool)
        patterns = patterns.reshape(len(self.patterns), len(self.columns))
        shares = np.asarray(self.shares)
        for name, missing in (known or {}).items():
            if name in self.columns:
                shares = shares * (patterns[:, self.columns.index(name)] == missing)
            elif missing:
                raise ConditionError(
                    f"condition on column {name!r}: it had no missing value in the training "
                    "table, so none can be asked for"
                )
        if not self.columns:
            return np.zeros((n, 0), dtype=bool)
        if shares.sum() == 0:
            raise ConditionError(
                f"conditions on the columns {sorted(known or {})}: no patient had these missing "
                "and the others known; ask for one of them at a time"
            )
        return patterns[rng.choice(len(patterns), size=n, p=shares / shares.sum())]


def fill_missing(plain: pd.DataFrame, missing: pd.DataFrame, rng: np.random.Generator) -> None:
    """Fill the missing cells of `plain`, in place, by random draws from the column's known values.

    A random draw (hot deck) keeps the shape of the column's distribution, where a mean would
    put a spike into it.
    """
    for name in missing.columns[missing.any()]:
        gaps = missing[name].to_numpy()
        values = plain[name].to_numpy(copy=True)
        values[gaps] = rng.choice(values[~gaps], size=int(gaps.sum()))
        plain[name] = values
