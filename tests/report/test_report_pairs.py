"""Pairs of columns without small groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthhealth.report import Report, evaluate
from synthhealth.report.data import ReportData
from synthhealth.report.parts.pairs import MOST_PAIRS
from synthhealth.schema.types import MIN_CELL


def test_every_pair_is_there(report: Report) -> None:
    data = report.data
    n_columns = len(data.columns)
    assert data.pairs.n_all == data.pairs.n_kept == n_columns * (n_columns - 1) // 2
    kinds = (data.pairs.grids, data.pairs.boxes, data.pairs.lines)
    n_numbers, n_levels = len(data.numerical), len(data.categorical)
    assert [len(pairs) for pairs in kinds] == [
        n_levels * (n_levels - 1) // 2, n_numbers * n_levels, n_numbers * (n_numbers - 1) // 2,
    ]  # fmt: skip


def test_cells_of_few_patients_are_hidden_and_the_others_blurred(report: Report) -> None:
    hidden = 0
    for pair in report.data.pairs.grids:
        assert len(pair.real) == len(pair.synthetic) == len(pair.first.labels)
        for row in pair.real:
            assert len(row) == len(pair.second.labels)
            for share in row:
                if share is None:
                    hidden += 1
                    continue
                patients = share * pair.n_real
                assert patients == pytest.approx(MIN_CELL * round(patients / MIN_CELL), abs=0.01)
                assert patients > MIN_CELL - 0.01
        assert sum(map(sum, pair.synthetic)) == pytest.approx(1, abs=0.01)
    assert hidden > 0


def test_the_counts_behind_the_cells(real: pd.DataFrame, report: Report) -> None:
    pair = next(
        pair
        for pair in report.data.pairs.grids
        if {pair.first.column, pair.second.column} == {"sex", "smoker"}
    )
    table = pd.crosstab(real[pair.first.column], real[pair.second.column])
    for i, first in enumerate(pair.first.labels):
        for j, second in enumerate(pair.second.labels):
            held = int(table.to_numpy()[list(table.index).index(first), int(second == "True")])
            share = pair.real[i][j]
            if held < MIN_CELL:
                assert share is None
            else:
                assert share == pytest.approx(held / pair.n_real, abs=MIN_CELL / 2 / pair.n_real)


def test_strong_dependence_is_seen_along_the_bands() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=700)
    table = pd.DataFrame({"a": first, "b": first + 0.1 * rng.normal(size=700)})
    pair = evaluate(table, table.sample(frac=1, random_state=0), parts=()).data.pairs.lines[0]
    assert pair.groups.labels[0].startswith("under ")
    assert pair.groups.labels[-1].endswith(" or more")
    assert len(pair.boxes) == 8
    medians = [both.real.median for both in pair.boxes if both.real is not None]
    assert len(medians) == 8
    assert medians == sorted(medians)
    assert all(both.real == both.synthetic for both in pair.boxes)


def test_boxes_are_rounded_and_only_for_five_or_more(real: pd.DataFrame, report: Report) -> None:
    crp = next(shape for shape in report.data.numerical if shape.column == "crp")
    step = min(b - a for a, b in zip(crp.edges, crp.edges[1:], strict=False)) / 2
    pair = next(
        pair
        for pair in report.data.pairs.boxes
        if pair.numerical == "crp" and pair.groups.column == "sex"
    )
    known = real.dropna(subset=["crp", "sex"])
    for level, boxes in zip(pair.groups.labels, pair.boxes, strict=True):
        values = known.loc[known["sex"] == level, "crp"]
        assert boxes.real is not None
        for value, quantile in (
            (boxes.real.q25, 0.25),
            (boxes.real.median, 0.5),
            (boxes.real.q75, 0.75),
        ):
            assert value / step == pytest.approx(round(value / step))
            start = round(quantile * (len(values) - 1)) - 2  # the five values around its rank
            exact = values.sort_values().iloc[max(start, 0) : max(start, 0) + 5].mean()
            assert value == pytest.approx(exact, abs=step / 2 + 1e-9)


def test_a_group_of_four_has_no_box() -> None:
    rng = np.random.default_rng(1)
    group = np.array(["a"] * 40 + ["b"] * 12)
    values = rng.normal(size=52)
    values[-8:] = np.nan  # four of b are left
    table = pd.DataFrame({"group": group, "value": values})
    pair = evaluate(table, table).data.pairs.boxes[0]
    boxes = dict(zip(pair.groups.labels, pair.boxes, strict=True))
    assert boxes["a"].real is not None
    assert boxes["b"].real is None


def test_a_wide_table_keeps_the_pairs_that_are_worse_or_differ_most(wide_report: Report) -> None:
    data = wide_report.data
    assert data.pairs.n_all == 45 * 44 // 2
    assert data.pairs.n_kept == len(data.pairs.lines) == MOST_PAIRS
    kept = {(pair.numerical, pair.groups.column) for pair in data.pairs.lines}
    ranks = {
        (pair.first, pair.second): (pair.state == "worse", pair.difference)
        for pair in data.evaluation.pairs
    }
    least = min(ranks[pair] for pair in kept)
    assert all(ranks[pair] <= least for pair in ranks.keys() - kept)


def test_many_levels_are_joined(report: Report) -> None:
    axes = [pair.second for pair in report.data.pairs.grids if pair.second.column == "centre"]
    assert axes
    assert all(len(axis.labels) <= 10 for axis in axes)
    assert axes[0].labels[-1] == "other"


def test_the_matrices_hold_what_was_measured(report: Report) -> None:
    data: ReportData = report.data
    matrix = data.dependence
    columns = [*matrix.numerical, *matrix.categorical]
    assert sorted(columns) == sorted(column.name for column in data.columns)
    for pair in data.evaluation.pairs:
        i, j = columns.index(pair.first), columns.index(pair.second)
        assert matrix.real[i][j] == matrix.real[j][i] == pytest.approx(pair.real, abs=1e-4)
        assert matrix.synthetic[i][j] == pytest.approx(pair.synthetic, abs=1e-4)
        assert matrix.difference[i][j] == pytest.approx(pair.synthetic - pair.real, abs=2e-4)
    assert all(matrix.real[i][i] == 1 and matrix.difference[i][i] == 0 for i in range(len(columns)))
