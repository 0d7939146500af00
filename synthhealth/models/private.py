"""A differentially private Bayesian network: its rows are made of noisy counts alone."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from synthhealth.errors import NotFittedError, ParameterError
from synthhealth.models._domain import Domain, domains_of
from synthhealth.models._private_counts import SHARES, Counted, count_privately
from synthhealth.models._secret import Secret
from synthhealth.models.about import About, Advice
from synthhealth.models.accountant import Budget, epsilon_of, noise_of, rho_of
from synthhealth.models.base import Training
from synthhealth.models.bayesian_network import BayesianNetworkModel, BayesianNetworkState
from synthhealth.models.parameters import Parameter, resolve
from synthhealth.schema import Schema
from synthhealth.schema.reading.reading import Reading
from synthhealth.schema.reading.writing import write_column
from synthhealth.schema.types import BLANK
from synthhealth.table.learning import Read

__all__ = ["PrivateModel", "fewest_patients"]

#: Rows that stand for the patients; their number tells nothing of them.
ROWS = 50_000

#: So many times the number of columns, by epsilon, are the fewest patients.
_FEWEST = 30.0


def fewest_patients(n_columns: int, epsilon: float) -> int:
    """Give how many patients are needed at least: of fewer, the noise is all that is drawn.

    Examples
    --------
    >>> from synthhealth.models.private import fewest_patients
    >>> fewest_patients(15, 1.0), fewest_patients(15, 3.0)
    (450, 150)
    """
    return math.ceil(_FEWEST * n_columns / epsilon)


class PrivateState(BayesianNetworkState):
    """The plain values of a fitted private model; its distributions are arrays.

    Attributes
    ----------
    budget : Budget
        What was spent, and on what.
    """

    budget: Budget


class PrivateModel(BayesianNetworkModel):
    """A Bayesian network of noisy counts, differentially private.

    Single columns are counted with noise, then pairs of them that are chosen with noise (McKenna,
    Miklau and Sheldon, 2021, *Winning the NIST Contest: A scalable and general approach to
    differentially private synthetic data*). Rows that have all these counts stand for the patients
    in whatever is learned: the network, where columns end, which values are missing. What a column
    can be comes from the schema alone. Neighbouring tables differ by one patient with all rows, of
    which one is counted. The noise comes from the operating system and from no seed, so that two
    fits differ, and spend twice.
    """

    name = "private"
    about = About(
        title="The private network",
        holds_no_patient=True,
        is_formal=True,
        advice=Advice(
            columns="Noise covers what few patients have: {columns}. Narrow the plausible ranges "
            "of the schema to what occurs, leave out columns that are not needed, or raise epsilon",
            relations="Noise covers what is less than it: leave out columns that are not needed, "
            "add patients, or raise epsilon",
        ),
    )
    State = PrivateState
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            "epsilon",
            float,
            None,
            "the privacy budget: by which factor, as a logarithm, a patient can change how likely "
            "any result is. 1 is a usual choice, above 10 little is promised",
            default_is="none: it must be given",
            low=0.01,
            high=1_000.0,
            required=True,
        ),
        Parameter(
            "delta",
            float,
            1e-6,
            "up to this chance epsilon may not hold; well below one in the number of patients",
            low=1e-15,
            high=1e-3,
        ),
        *BayesianNetworkModel.parameters,
    )

    _budget: Budget | None = None
    _secret: ClassVar[Secret] = Secret()

    def release(self, read: Read) -> Read:
        """Give rows of noisy counts. See `synthhealth.models.base.FormalModel`."""
        settings = resolve(self.name, self.parameters, self.params, 0)
        epsilon, delta = settings["epsilon"], settings["delta"]
        schema = read.learned
        domains = domains_of(schema, read.reading.table)
        rows = self._one_row_each(read)
        budget = rho_of(epsilon, delta)
        rho = {name: share * budget for name, share in SHARES.items()}
        noise = self._secret.discrete_gaussians(1, noise_of(rho["number of patients"]))
        n = max(int(len(rows) + noise[0]), 0)
        fewest = fewest_patients(len(domains), epsilon)
        if n < fewest:
            raise ParameterError(
                f"model {self.name!r}: {len(domains)} columns at epsilon {epsilon:g} need about "
                f"{fewest:,} patients or more, and there are fewer (counted with noise); leave out "
                "columns that are not needed, raise epsilon, or add patients"
            )
        self._budget = Budget(epsilon=epsilon, delta=delta, spent=rho, n_patients=n)
        if epsilon_of(self._budget.rho, delta) > epsilon * (1 + 1e-9):
            raise AssertionError("more was spent than there was")
        coded = {name: _codes(read, name, domain)[rows] for name, domain in domains.items()}
        numbers = {
            name: domain.numbers(read.reading.table[name])[rows]
            for name, domain in domains.items()
            if domain.column.kind.is_numerical
        }
        # From here on nothing is secret: all follows from noisy counts.
        rng = np.random.default_rng(self._secret.below(np.full(4, 2**31)))
        counted = count_privately(coded, numbers, domains, float(n), rho, self._secret, rng)
        return _written(read, counted, rng)

    def spent(self) -> Budget:
        """Say what was spent. See `synthhealth.models.base.FormalModel`."""
        if self._budget is None:
            raise NotFittedError("this private model has learned nothing yet")
        return self._budget

    def _one_row_each(self, read: Read) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Draw one row of each patient, so that a patient counts once."""
        n = len(read.table)
        if read.subjects is None:
            return np.arange(n)
        order = np.argsort(self._secret.uniforms(n))
        return order[np.unique(read.subjects[order], return_index=True)[1]]

    def fit(self, table: pd.DataFrame, schema: Schema, *, seed: int, training: Training) -> None:
        """Learn a plain table of the rows that `release` gave."""
        if self._budget is None:
            raise ParameterError(
                f"model {self.name!r} learns from private rows alone; fit it with "
                "Synthesizer('private', privacy='formal', epsilon=...)"
            )
        # Of a number in single precision: what is written, not its last binary digits.
        decimals = {one.name: one.decimals for one in schema if one.decimals is not None}
        super().fit(table.round(decimals), schema, seed=seed, training=training)

    def _plain_state(self, **values: Any) -> Any:
        return super()._plain_state(**values, budget=self.spent())

    def _rebuild(self) -> None:
        super()._rebuild()
        self._budget = self._state.budget


def _codes(read: Read, name: str, domain: Domain) -> np.ndarray[Any, np.dtype[np.int64]]:
    none = np.zeros(len(read.table), dtype=np.int8)
    reading = read.reading
    return domain.codes(
        reading.table[name], reading.missing.get(name, none), reading.censored.get(name, none)
    )


def _written(read: Read, counted: Counted, rng: np.random.Generator) -> Read:
    """Give rows of counts in the form of a table that was read."""
    cells = counted.draw(ROWS, rng)
    values, raw = {}, {}
    missing, censored = {}, {}
    for name in map(str, read.table.columns):
        domain = counted.domains[name]
        like, column = read.reading.table[name], read.learned[name]
        values[name], states, sides = domain.drawn(cells[name], rng.random(ROWS), like)
        if states.any():
            missing[name] = states
        if name in read.reading.censored or sides.any():
            censored[name] = sides
        raw[name] = values[name]
        if column.notation or column.missing or BLANK in (column.levels or ()) or sides.any():
            raw[name] = write_column(
                values[name],
                column,
                missing=states,
                censored=sides,
                dtype=read.table[name].dtype,
            )
    index = _index(read.table.index)
    table = pd.DataFrame(values).set_axis(index)
    return Read(
        pd.DataFrame(raw).set_axis(index),
        read.described,
        read.learned,
        Reading(table=table, missing=missing, censored=censored),
        None,
    )


def _index(like: pd.Index) -> pd.Index:
    """Give running numbers, of the type and the name of an index."""
    if isinstance(like, pd.RangeIndex):
        return pd.RangeIndex(ROWS, name=like.name)
    try:
        return pd.Index(np.arange(ROWS), dtype=like.dtype, name=like.name)
    except (TypeError, ValueError):
        return pd.Index(np.arange(ROWS), dtype=object, name=like.name)
