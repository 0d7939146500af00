"""What leaves tells of no single patient: not by itself, and not by the difference of two."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from report_cohorts import CREATED

import synthhealth as sh
from synthhealth.evaluation import describe
from synthhealth.evaluation.rounding import (
    coarse_count,
    coarse_known,
    deviation_error,
    mean_error,
    quantile,
    rounded,
    rounding_step,
)
from synthhealth.report import Report, evaluate
from synthhealth.report.aggregate import numerical_distribution
from synthhealth.report.text import as_markdown
from synthhealth.schema import Column, Schema

NEAR = 0.05  # of the value: that is as good as knowing it
TRIED = 79  # values, at least


def measured(n: int, seed: int) -> pd.DataFrame:
    """Measurements of full precision, of several shapes; no two patients share one."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2019-01-01")
    return pd.DataFrame(
        {
            "age": rng.normal(52, 14, n),
            "crp": rng.lognormal(1.5, 1.1, n),
            "hb": rng.normal(12.8, 1.4, n),
            "platelets": rng.gamma(9, 28, n),
            "sodium": rng.normal(0, 5, n),
            "ferritin": rng.lognormal(4, 1, n),
            "seen": start + pd.to_timedelta(rng.uniform(0, 900, n), unit="D"),
            "ward": rng.choice(["A", "B", "C"], n),
        }
    )


MEASURED = Schema(
    columns=(
        *(
            Column(name=name, kind="continuous")
            for name in ("age", "crp", "hb", "platelets", "sodium", "ferritin")
        ),
        Column(name="seen", kind="datetime"),
        Column(name="ward", kind="nominal"),
    )
)


# The rule


@pytest.mark.parametrize("n", [5, 8, 16, 61, 500, 20_000])
@pytest.mark.parametrize("scale", [0.003, 1.0, 470.0])
def test_a_sum_that_is_put_together_again_is_uncertain_by_a_deviation(n: int, scale: float) -> None:
    values = scale * np.random.default_rng(n).normal(3, 1, n)
    sd = values.std(ddof=1)
    step = rounding_step(mean_error(values))
    assert n * step >= 1.2 * sd
    # and no coarser than a standard error, or a few of them for few patients
    assert step <= 1.6 * max(sd / math.sqrt(n), 4 * sd / n)
    assert n * rounding_step(deviation_error(values)) >= 0.8 * sd


def test_nothing_is_finer_than_it_was_recorded() -> None:
    assert rounded(61.37, 0.01, 1.0) == 61.0
    assert rounded(61.37, 0.0) == 61.37
    assert rounded(-0.30000000000000004, 0.2) == -0.3


def test_a_quantile_is_the_mean_of_five() -> None:
    values = np.sort(np.random.default_rng(0).lognormal(size=61))
    for share in (0.0, 0.05, 0.25, 0.5, 0.95, 1.0):
        found = quantile(values, share)
        assert any(np.isclose(found, values[i : i + 5].mean()) for i in range(57))
        assert found not in values
    assert quantile(np.arange(5.0), 0.9) == 2.0


def test_counts_cannot_be_subtracted() -> None:
    assert [coarse_count(n) % 5 for n in range(200)] == [0] * 200
    assert coarse_count(0) == 0
    assert all(abs(coarse_count(n) - n) <= 2 for n in range(3, 200))
    for known in range(62):
        missing = 61 - coarse_known(known, 61)
        assert missing in (0, 61) if known in (0, 61) else 5 <= missing <= 56


# The difference of two descriptions


Guess = tuple[float, float, float]  # the value, what the difference tells, the median


def as_year(value: Any) -> float:
    if not isinstance(value, pd.Timestamp):
        return float(value)
    return 1970 + (value - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1) / 365.2425


def described(table: pd.DataFrame, schema: Schema) -> Iterator[Guess]:
    """Take each patient out in turn, and tell her values from the two means."""
    whole = describe(table, schema).variables
    for place in range(len(table)):
        rest = describe(table.drop(index=table.index[place]), schema).variables
        for one, other in zip(whole, rest, strict=True):
            value = table[one.column].iloc[place]
            if one.mean is not None and other.mean is not None and not pd.isna(value):
                told = one.mean * one.n - other.mean * other.n
                yield as_year(value), told, float(one.median)


def squared(table: pd.DataFrame, schema: Schema) -> Iterator[Guess]:
    """The same from the sums of squares, which the means and standard deviations give."""
    whole = describe(table, schema).variables
    for place in range(len(table)):
        fewer = table.drop(index=table.index[place])
        for one, other in zip(whole, describe(fewer, schema).variables, strict=True):
            value = table[one.column].iloc[place]
            if one.sd is None or other.sd is None or isinstance(value, pd.Timestamp):
                continue
            sums = [var.sd**2 * (var.n - 1) + var.n * var.mean**2 for var in (one, other)]
            yield float(value), math.sqrt(max(sums[0] - sums[1], 0.0)), float(one.median)


@pytest.fixture
def without_laws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which distribution fits best takes most of the time and is no matter here."""
    monkeypatch.setattr("synthhealth.evaluation.description._distribution", lambda *_, **__: {})


@pytest.mark.usefixtures("without_laws")
@pytest.mark.parametrize("attack", [described, squared])
@pytest.mark.parametrize("which", ["measured", "cohort"])
def test_the_difference_of_two_descriptions_tells_less_than_the_median(
    which: str, attack: Any
) -> None:
    if which == "measured":
        table, schema = measured(30, 0), MEASURED
    else:
        table = sh.datasets.load_ra_panel(61, random_state=0)
        table = table[["age", "crp", "esr", "platelets", "creatinine"]]
        schema = Schema.detect(table)
    found = list(attack(table, schema))
    assert len(found) >= TRIED
    values, told, median = np.array(found).T
    is_year = values > 1900  # within 5 % of a year is any guess: those are judged by the error
    shares = [
        np.mean(np.abs(guess - values)[~is_year] <= NEAR * np.abs(values)[~is_year])
        for guess in (told, median)
    ]
    assert shares[0] <= max(shares[1], 0.15)
    for chosen in (is_year, ~is_year):
        if chosen.any():
            errors = [np.median(np.abs(guess - values)[chosen]) for guess in (told, median)]
            assert errors[0] >= 0.7 * errors[1]


def test_without_rounding_the_same_differences_tell_everything() -> None:
    """So the attack of these tests is one."""
    table = measured(30, 0)["crp"]
    told = [table.mean() * 30 - table.drop(index=place).mean() * 29 for place in range(len(table))]
    assert told == pytest.approx(table.to_list())


def test_the_difference_of_two_distributions_does_not_tell_the_cell() -> None:
    """The share below a point rises at the first point beyond the patient who was added."""
    rng = np.random.default_rng(0)
    column = Column(name="crp", kind="continuous")
    right = guessed = 0
    for trial in range(120):
        values = rng.normal(50, 10, 61)
        pair = [numerical_distribution(column, real, values[:5]) for real in (values, values[1:])]
        if pair[0] is None or pair[1] is None or pair[0].grid != pair[1].grid:
            continue
        grid = np.array(pair[0].grid)
        counts = [np.round(np.array(one.real_below) * one.n_real).astype(int) for one in pair]
        risen = np.flatnonzero(counts[0] > counts[1])
        cell = int(np.searchsorted(grid, values[0], side="right")) - 1
        right += bool(risen.size) and risen[0] - 1 == cell
        guessed += 1
        assert trial < 120
    assert guessed >= 30
    assert right / guessed <= 0.35  # of cells of a few patients each; it would be all of them


# A report


@pytest.fixture(scope="module")
def real() -> pd.DataFrame:
    table = measured(61, 1)
    table.loc[:2, "hb"] = np.nan
    return table


@pytest.fixture(scope="module")
def report(real: pd.DataFrame) -> Report:
    return evaluate(
        real, measured(150, 2), MEASURED, analyses=["crp ~ age"], group="ward", created=CREATED
    )


def numbers_of(text: str) -> set[float]:
    return {float(found) for found in re.findall(r"-?\d+\.\d+(?:e[-+]?\d+)?", text)}


def values_of(table: pd.DataFrame) -> set[float]:
    found: set[float] = set()
    for name in table:
        if pd.api.types.is_numeric_dtype(table[name]):
            found |= set(table[name].dropna())
        elif name == "seen":
            found |= {as_year(value) for value in table[name]}
            found |= set((table[name] - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1))
    return found


def test_no_value_of_a_patient_leaves(report: Report, real: pd.DataFrame, tmp_path: Path) -> None:
    report.to_json(tmp_path / "report.json")
    report.to_html(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    page = page[page.index("<body") :]
    texts = {
        "report.json": (tmp_path / "report.json").read_text(),
        "page": " ".join(re.findall(r'data-value="([^"]*)"', page)),
        "figures": page[page.index('{"palettes"') :],
        "markdown": as_markdown(report.data),
        "summary": report.summary(verbose=True),
        "description": describe(real, MEASURED).to_json() + describe(real, MEASURED).to_markdown(),
    }
    for name, text in texts.items():
        if name == "figures":
            text = text[: text.index("</script>")]
        found = np.array(sorted(numbers_of(text)))
        assert found.size > 5, name
        for value in values_of(real):
            assert not np.isclose(found, value, rtol=1e-7, atol=0).any(), name


def test_every_figure_is_short(report: Report, tmp_path: Path) -> None:
    report.to_json(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())

    def walk(part: Any, path: str) -> Iterator[tuple[str, float]]:
        if isinstance(part, dict):
            for key, member in part.items():
                yield from walk(member, f"{path}.{key}")
        elif isinstance(part, list):
            for member in part:
                yield from walk(member, path)
        elif isinstance(part, float):
            yield path, part

    long = {
        path
        for path, value in walk(written, "")
        if len(f"{value:.17g}".lstrip("-0.").replace(".", "")) > 6
        and float(f"{value:.6g}") != value
        and not path.endswith((".edges", ".grid", ".view", ".gap_at"))
    }
    assert not long


def test_real_counts_are_multiples_of_five(report: Report) -> None:
    data = report.data
    assert data.evaluation.n_real == 61  # the number of patients itself is not a secret
    hb = next(one for one in data.evaluation.numerical if one.column == "hb")
    assert (hb.n_real, hb.missing_real) == (56, pytest.approx(5 / 61, abs=1e-4))
    for column in data.categorical:
        assert all(level.real_count % 5 == 0 for level in column.levels)
    assert data.table_one is not None
    assert all(group.n_real % 5 == 0 for group in data.table_one.groups[1:])
    for share in (one.size.real for one in data.evaluation.subgroups):
        assert share.count is None or share.count % 5 == 0


def test_figures_are_exact_inside_and_a_report_reads_back(report: Report, tmp_path: Path) -> None:
    exact, written = report.evaluation, report.data.evaluation
    assert exact.numerical[0].ks_statistic == pytest.approx(
        written.numerical[0].ks_statistic, rel=1e-3
    )
    assert exact.numerical[0].ks_statistic != written.numerical[0].ks_statistic
    report.to_json(tmp_path / "first.json")
    again = Report.from_json(tmp_path / "first.json")
    assert again.data == report.data
    again.to_json(tmp_path / "second.json")
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()
    assert again.compare(report).better_columns("first") == ()


def test_the_difference_of_two_tables_one_tells_less_than_the_median(
    real: pd.DataFrame,
) -> None:
    from synthhealth.report.parts.table_one import _summaries

    found: list[Guess] = []
    for name in ("age", "crp", "platelets", "ferritin"):
        values = real[name].to_numpy()
        for place in range(25):
            whole, rest = (_summaries(one, one)[0] for one in (values, np.delete(values, place)))
            found.append((values[place], 61 * whole.mean - 60 * rest.mean, whole.median))
    value, told, median = np.array(found).T
    shares = [np.mean(np.abs(guess - value) <= NEAR * value) for guess in (told, median)]
    assert len(found) >= TRIED
    assert shares[0] <= max(shares[1], 0.15)
