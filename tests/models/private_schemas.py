"""Schemas that say what columns can be, as a private model needs it; and a table of patients."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthhealth.schema import Column, Schema


def patients(n: int, seed: int = 0) -> pd.DataFrame:
    """Give patients of a law whose relations a private model should keep."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], n)
    age = np.clip(rng.normal(55, 14, n), 18, 95).round()
    stage = np.clip((age / 30 + rng.normal(size=n) / 2).round(), 0, 3).astype(int)
    crp = np.exp(1 + 0.7 * stage + 0.8 * rng.normal(size=n)).clip(0, 300).round(1)
    table = pd.DataFrame(
        {"sex": sex, "age": age, "stage": pd.Series(stage).map("abcd".__getitem__), "crp": crp}
    )
    table["creatinine"] = (0.7 + 0.3 * (sex == "M") + 0.15 * rng.normal(size=n)).round(2)
    table.loc[rng.random(n) < np.where(stage == 3, 0.4, 0.1), "crp"] = np.nan
    return table


def schema(**crp: object) -> Schema:
    """Give their schema."""
    said = {"kind": "continuous", "decimals": 1, "plausible": {"low": 0, "high": 300}} | crp
    return Schema(
        columns=(
            Column(name="sex", kind="nominal", levels=("F", "M", "X")),
            Column(name="age", kind="count", plausible={"low": 18, "high": 100}),
            Column(name="stage", kind="ordinal", levels=("a", "b", "c", "d")),
            Column(name="crp", **said),
            Column(
                name="creatinine",
                kind="continuous",
                decimals=2,
                plausible={"low": 0.2, "high": 3},
            ),
        )
    )
