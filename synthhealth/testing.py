"""One battery of checks that every model family must pass, ours and third parties'.

As scikit-learn's ``check_estimator``: each check is a function that raises `AssertionError` with a
sentence when the family breaks a promise.
"""

from __future__ import annotations

import copy
import json
import pickle
import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from synthhealth.artifact import scan
from synthhealth.errors import ConditionError, NotFittedError, ParameterError, TableError
from synthhealth.io import scratch_folder
from synthhealth.models import DensityModel, Model, get
from synthhealth.progress import ProgressEvent
from synthhealth.synthesizer import Synthesizer

__all__ = ["CHECKS", "awkward_table", "check_synthesizer"]

Make = Callable[[], Synthesizer]


def check_synthesizer(model: str, **model_params: Any) -> None:
    """Run the whole battery over one model family.

    Parameters
    ----------
    model : str
        The name it is registered under, by the entry point group ``synthhealth.models``.
    **model_params
        Parameters to run it with; choose ones that train in seconds.

    Raises
    ------
    AssertionError
        The family breaks a promise; the message says which.

    Examples
    --------
    >>> from synthhealth.testing import check_synthesizer
    >>> check_synthesizer("gaussian_copula", margin="norm", log_scale=False)
    """
    for check in CHECKS:
        check(lambda: Synthesizer(model, random_state=0, **model_params))


def awkward_table(n: int = 80, random_state: int = 0) -> pd.DataFrame:
    """Make a table with every dtype that a family must give back, and gaps in most columns.

    Parameters
    ----------
    n : int
        Number of rows.
    random_state : int
        Seed.

    Returns
    -------
    pandas.DataFrame, shape (n, 14)
    """
    rng = np.random.default_rng(random_state)
    severity = rng.normal(size=n)
    table = pd.DataFrame(
        {
            "age": rng.integers(20, 80, n),
            "esr": pd.array(np.exp(3 + severity / 2).round().astype(int), dtype="Int64"),
            "crp": np.exp(2 + severity).round(2),
            "haemoglobin": (13 - severity + rng.normal(size=n) / 2).round(1).astype("float32"),
            "score": pd.array((severity * 10).round(3), dtype="Float64"),
            "pregnancies": np.where(rng.random(n) < 0.6, 0, rng.integers(1, 9, n)).astype(float),
            "anaemic": severity > 0.5,
            "smoker": pd.array(rng.random(n) < 0.3, dtype="boolean"),
            "stage": pd.Categorical(
                np.select([severity < -0.5, severity < 0.7], ["mild", "moderate"], "severe"),
                categories=["mild", "moderate", "severe"],
                ordered=True,
            ),
            "site": pd.Categorical(rng.choice(["Cairo", "Giza"], n), categories=["Giza", "Cairo"]),
            "sex": rng.choice(["F", "M"], n, p=[0.8, 0.2]),
            "therapy": pd.array(rng.choice(["mtx", "ssz", "bio"], n), dtype="string"),
            "visit": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "seen": (
                pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 10**7, n), "s")
            ).tz_localize("Africa/Cairo", ambiguous=True, nonexistent="shift_forward"),
        },
        index=pd.Index(np.arange(n) + 1_000, name="row"),
    )
    panel = rng.random(n) < 0.2
    for name in ("esr", "crp", "therapy", "seen"):
        table.loc[panel, name] = None
    table.loc[rng.random(n) < 0.1, "smoker"] = pd.NA
    table.loc[rng.random(n) < 0.1, "stage"] = None
    return table


def check_protocol(make: Make) -> None:
    """Check that the family is registered and its parameter table is complete."""
    family = get(make().model)
    _require(family.name == make().model, "its name is the one it is registered under")
    _require(bool(family.__doc__), "the family has a docstring")
    for parameter in family.parameters:
        _require(bool(parameter.meaning), f"parameter {parameter.name!r} says what it means")
        if parameter.required:
            continue
        if parameter.instead_of:
            _require(parameter.default is None, f"{parameter.name!r} is left out by default")
            continue
        for n_rows in (10, 61, 1_000, 1_000_000):
            default = parameter.default_for(n_rows)
            _require(
                parameter.check(default) == default,
                f"the default of {parameter.name!r} for {n_rows} rows is within its bounds",
            )


def check_unknown_parameter(make: Make) -> None:
    """Check that an unknown parameter is refused by name, when it is set and when fitting."""
    _raises(ParameterError, "no_such_parameter", lambda: make().set_params(no_such_parameter=1))
    model = make()
    model.model_params = {**model.model_params, "no_such_parameter": 1}
    _raises(ParameterError, "no_such_parameter", lambda: model.fit(awkward_table()))


def check_form(make: Make) -> None:
    """Check that columns, order, dtypes, decimals and index come out as they went in."""
    table = awkward_table()
    before = table.copy(deep=True)
    sampled = make().fit(table).sample(200)
    pd.testing.assert_frame_equal(table, before)
    _require(len(sampled) == 200, "as many rows as were asked for")
    _require(list(sampled.columns) == list(table.columns), "the same columns in the same order")
    for name in table.columns:
        _require(sampled[name].dtype == table[name].dtype, f"the dtype of {name!r}")
    _require(type(sampled.index) is type(table.index), "the same type of index")
    _require(sampled.index.name == table.index.name, "the same name of the index")
    for name, decimals in (("crp", 2), ("pregnancies", 0)):
        values = sampled[name].dropna()
        _require(bool((values.round(decimals) == values).all()), f"the decimals of {name!r}")
    _require(bool((sampled["visit"].dt.normalize() == sampled["visit"]).all()), "dates stay dates")
    _require(set(sampled["sex"]) <= {"F", "M"}, "no category that was not there")
    _require(bool((sampled["pregnancies"] >= 0).all()), "no value beyond the limits")


def check_missing_values(make: Make) -> None:
    """Check that missing values come back at their rates, and together where they were.

    At 4,000 rows a rate lies within 4 standard errors of the true one but once in 16,000 draws.
    """
    table = awkward_table()
    sampled = make().set_params(privacy="none").fit(table).sample(4_000)
    for name in table.columns:
        wanted = table[name].isna().mean()
        error = 4 * np.sqrt(wanted * (1 - wanted) / len(sampled))
        found = sampled[name].isna().mean()
        _require(abs(found - wanted) <= error, f"the rate of missing values of {name!r}")
    _require(
        bool((sampled["esr"].isna() == sampled["crp"].isna()).all()),
        "values that were always missing together still are",
    )


def check_seed(make: Make) -> None:
    """Check that one seed decides everything and the caller's random states stay."""
    import torch

    table = awkward_table()
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    states = _global_states()
    first = make().fit(table)
    one, two = first.sample(50), first.sample(50)
    _require(states == _global_states(), "the global random states are as they were")
    _require(make().fit(table).sample(50).equals(one), "the same seed gives the same rows")
    _require(not one.equals(two), "two samples of one fitted object differ")
    other = make().set_params(random_state=1).fit(table).sample(50)
    _require(not other.equals(one), "another seed gives other rows")
    _require(
        first.sample(50, random_state=7).equals(first.sample(50, random_state=7)),
        "a seed for a sample replays it",
    )


def check_saving(make: Make) -> None:
    """Check that a reloaded synthesizer samples what the fitted one did."""
    model = make().fit(awkward_table())
    with scratch_folder() as folder:
        again = Synthesizer.load(model.save(folder / "model.synth"))
    _require(again.sample(50).equals(model.sample(50)), "the first sample is replayed")
    _require(again.settings_ == model.settings_, "the settings are kept")
    _require(again.schema_ == model.schema_, "the schema is kept")
    for copied in (copy.deepcopy(again), pickle.loads(pickle.dumps(again))):
        _require(
            copied.sample(50, random_state=1).equals(model.sample(50, random_state=1)),
            "a copy samples what the original does",
        )


def check_conditions(make: Make) -> None:
    """Check that conditions hold in every row, and that impossible ones are refused."""
    table = awkward_table()
    model = make().fit(table)
    sampled = model.sample(30, conditions={"sex": "F", "anaemic": False})
    _require(bool((sampled["sex"] == "F").all()), "a condition on a category holds")
    _require(bool((~sampled["anaemic"]).all()), "a condition on a boolean holds")
    gaps = model.sample(30, conditions={"crp": None})
    _require(bool(gaps["crp"].isna().all()), "a condition on a missing value holds")
    known = pd.DataFrame({"sex": ["F", None, "F"], "anaemic": [False, True, None]})
    sampled = model.sample(conditions=known)
    _require(
        sampled["sex"].iloc[0] == sampled["sex"].iloc[2] == "F"
        and bool(sampled["anaemic"].iloc[1]),
        "a table of conditions gives its rows in order",
    )
    _raises(ConditionError, "sex", lambda: model.sample(5, conditions={"sex": "X"}))
    _raises(ConditionError, "age", lambda: model.sample(5, conditions={"age": 500}))
    _raises(ConditionError, "shoe", lambda: model.sample(5, conditions={"shoe": 41}))
    _raises(ConditionError, "age", lambda: model.sample(5, conditions={"age": None}))


def check_refitting(make: Make) -> None:
    """Check that a second `fit` forgets the first, and that nothing works before one."""
    model = make()
    _raises(NotFittedError, "fit", lambda: model.sample(5))
    first = model.fit(awkward_table()).sample(20)
    _require(model.fit(awkward_table()).sample(20).equals(first), "fitting twice changes nothing")
    other = awkward_table().drop(columns=["age", "seen"])
    _require(
        list(model.fit(other).sample(20).columns) == list(other.columns),
        "another table can be learned",
    )


def check_bad_input(make: Make) -> None:
    """Check that tables and counts that cannot be used are refused with a sentence."""
    table = awkward_table()
    _raises(TableError, "5 rows", lambda: make().fit(table.head(5)))
    _raises(TableError, "empty", lambda: make().fit(table.head(0)))
    _raises(TableError, "one column", lambda: make().fit(table[["age"]]))
    model = make().fit(table)
    counts: tuple[Any, ...] = (0, -1, 1.5, None, True)
    for count in counts:
        _raises(ParameterError, "n is", partial(model.sample, count))


def check_progress(make: Make) -> None:
    """Check that fitting tells how far it is, up to the end."""
    events: list[ProgressEvent] = []
    make().fit(awkward_table(), on_progress=events.append)
    _require(bool(events), "fitting reports events")
    _require(events[-1].done == events[-1].total, "the last event is the end")
    _require(
        [event.done for event in events] == sorted(event.done for event in events),
        "events come in order",
    )
    _require(events[-1].eta == 0, "nothing remains at the end")


def check_state(make: Make) -> None:
    """Check that the family gives its state as plain values and arrays, and comes back from it."""
    table = awkward_table()
    synthesizer = make().fit(table)
    model: Model = synthesizer.fitted_.model
    _require(isinstance(model, Model), "the family keeps the protocol")
    _require(set(model.settings_) >= {one.name for one in model.parameters}, "settings_ is whole")
    state = model.state()
    for name, value in state.items():
        _require(
            _is_array(value) if isinstance(value, np.ndarray) else _is_plain(value),
            f"state {name!r} is plain, or a finite array of float64, float32 or int64",
        )
    rows = model.sample(60, seed=1)
    _require(_same_state(model.state(), state), "sampling leaves the state as it was")
    _require(
        _same_state(make().fit(table).fitted_.model.state(), state), "equal fits have equal states"
    )
    again = type(model).from_state(
        {
            name: value if isinstance(value, np.ndarray) else json.loads(json.dumps(value))
            for name, value in state.items()
        }
    )
    _require(again.sample(60, seed=1).equals(rows), "it comes back from its state")
    if isinstance(model, DensityModel):
        _check_density(model, rows)
    _require(_same_state(again.state(), state), "the state of what came back is the same")


def _check_density(model: DensityModel, rows: pd.DataFrame) -> None:
    found = model.log_density(rows)
    whole = found.margins.sum(axis=1).to_numpy() + found.dependence
    _require(whole.shape == (len(rows),), "log_density gives a figure for each row")
    _require(bool(np.isfinite(whole).all()), "log densities of drawn rows are finite")
    blank = {str(name): np.nan if rows[name].dtype.kind == "f" else -1 for name in rows}
    nothing = model.log_density(rows.assign(**blank))
    _require(
        not nothing.margins.to_numpy().any() and bool(np.allclose(nothing.dependence, 0.0)),
        "cells that are not known add nothing to a log density",
    )


def check_no_patient(make: Make) -> None:
    """Check that no copy of a patient is in the saved model (`synthhealth.artifact.scan`)."""
    table = awkward_table()
    model = make().fit(table)
    with scratch_folder() as folder:
        found = scan(model.save(folder / "model.synth"), table).findings
    leaks = [f"{one.what} ({one.found})" for one in found if one.found]
    _require(not leaks, f"the saved model holds no patient, but these: {', '.join(leaks)}")


#: The battery, in order.
CHECKS: tuple[Callable[[Make], None], ...] = (
    check_protocol,
    check_unknown_parameter,
    check_form,
    check_missing_values,
    check_seed,
    check_saving,
    check_conditions,
    check_refitting,
    check_bad_input,
    check_progress,
    check_state,
    check_no_patient,
)


def _global_states() -> list[bytes]:
    import torch

    states = random.getstate(), np.random.get_state(), torch.get_rng_state().numpy()
    return [pickle.dumps(state) for state in states]


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(_is_plain(one) for one in value)
    if isinstance(value, float):
        return bool(np.isfinite(value))
    return value is None or isinstance(value, str | int | bool)


def _is_array(value: npt.NDArray[Any]) -> bool:
    return value.dtype.name in ("float64", "float32", "int64") and bool(np.isfinite(value).all())


def _same_state(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(value, other[name])
        if isinstance(value, np.ndarray)
        else value == other[name]
        for name, value in one.items()
    )


def _require(holds: bool, promise: str) -> None:
    if not holds:
        raise AssertionError(f"promise broken: {promise}")


def _raises(error: type[Exception], word: str, call: Callable[[], object]) -> None:
    try:
        call()
    except error as raised:
        _require(word in str(raised), f"the message of {error.__name__} names {word!r}")
    else:
        raise AssertionError(f"promise broken: {error.__name__} is raised for {word!r}")
