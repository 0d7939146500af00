from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from synthhealth.errors import ParameterError
from synthhealth.evaluation.inference import (
    Inference,
    RegressionResult,
    compare_inference,
    compare_regressions,
)
from synthhealth.evaluation.inference import (
    compare as compare_module,
)
from synthhealth.evaluation.tables import read_tables
from synthhealth.evaluation.work import Seeds
from synthhealth.schema import Column, Schema


def study(n: int, seed: int) -> pd.DataFrame:
    """Patients whose outcomes depend on age, group and a marker that is logarithmic in age."""
    rng = np.random.default_rng(seed)
    age = rng.normal(55, 12, n)
    group = rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2])
    marker = np.exp(rng.normal(1 + 0.01 * (age - 55), 0.5))
    effect = 0.04 * (age - 55) + 0.8 * (group == "b") + 0.5 * np.log(marker) - 0.5
    lasting = rng.exponential(np.exp(-effect))
    seen = rng.exponential(2, n)
    return pd.DataFrame(
        {
            "age": age,
            "group": group,
            "marker": marker,
            "score": effect + rng.normal(size=n),
            "relapse": rng.random(n) < 1 / (1 + np.exp(-effect)),
            "time": np.minimum(lasting, seen),
            "status": np.where(lasting < seen, 2, np.where(rng.random(n) < 0.2, 1, 0)),
        }
    )


ANALYSES = (
    "score ~ age + group + log(marker)",
    "logit(relapse) ~ age + group + log(marker)",
    "Surv(time, status == 2) ~ age + group + log(marker)",
)

#: What patsy calls the terms, which it puts into another order.
PATSY = ["Intercept", "age", "C(group)[T.b]", "C(group)[T.c]", "np.log(marker)"]


def one(real: pd.DataFrame, fake: pd.DataFrame, analysis: str, **options) -> RegressionResult:
    found = compare_inference(real, fake, analysis, **options)
    assert not found.not_computed
    return found.regressions[0]


def reason(real: pd.DataFrame, fake: pd.DataFrame, analysis: str, schema=None) -> str:
    found = compare_inference(real, fake, analysis, schema)
    assert not found.regressions
    assert found.not_computed[0].what == f"analysis {analysis}"
    return found.not_computed[0].reason


@pytest.fixture(scope="module")
def pair() -> tuple[pd.DataFrame, pd.DataFrame]:
    return study(400, 0), study(600, 1)


@pytest.fixture(scope="module")
def independent(pair) -> Inference:
    return compare_inference(*pair, ANALYSES)


def test_linear_as_statsmodels_says_from_its_own_formula(pair, independent) -> None:
    from statsmodels.formula.api import ols

    found = independent.regressions[0].coefficients
    for side, table in zip(("real", "synthetic"), pair, strict=True):
        oracle = ols("score ~ age + C(group) + np.log(marker)", table).fit()
        order = [list(oracle.params.index).index(name) for name in PATSY]
        estimates = [getattr(term, side) for term in found]
        assert [term.estimate for term in estimates] == pytest.approx(oracle.params.iloc[order])
        assert [term.se for term in estimates] == pytest.approx(oracle.bse.iloc[order])
        assert [term.p_value for term in estimates] == pytest.approx(oracle.pvalues.iloc[order])
        ends = oracle.conf_int().iloc[order]
        assert [term.low for term in estimates] == pytest.approx(ends[0])
        assert [term.high for term in estimates] == pytest.approx(ends[1])


def test_logistic_as_statsmodels_says_from_its_own_formula(pair, independent) -> None:
    from statsmodels.formula.api import logit

    found = independent.regressions[1]
    assert found.event == "relapse = True"
    for side, table in zip(("real", "synthetic"), pair, strict=True):
        table = table.assign(relapse=table["relapse"].astype(int))
        oracle = logit("relapse ~ age + C(group) + np.log(marker)", table).fit(disp=0)
        estimates = [getattr(term, side) for term in found.coefficients]
        assert [x.estimate for x in estimates] == pytest.approx(oracle.params[PATSY], rel=1e-5)
        assert [x.se for x in estimates] == pytest.approx(oracle.bse[PATSY], rel=1e-5)
    assert found.events_real == pair[0]["relapse"].sum()


def test_cox_as_lifelines_says_from_its_own_formula(pair, independent) -> None:
    from lifelines import CoxPHFitter

    found = independent.regressions[2]
    assert found.event == "status = 2"
    names = [term.term for term in found.coefficients]
    assert names == ["age", "group = b", "group = c", "log(marker)"]
    for side, table in zip(("real", "synthetic"), pair, strict=True):
        table = table.assign(dead=table["status"] == 2)
        fitter = CoxPHFitter()
        fitter.fit(table, "time", "dead", formula="age + C(group) + np.log(marker)")
        order = ["age", "C(group)[T.b]", "C(group)[T.c]", "np.log(marker)"]
        estimates = [getattr(term, side) for term in found.coefficients]
        assert [x.estimate for x in estimates] == pytest.approx(fitter.params_[order], rel=1e-4)
        assert [x.se for x in estimates] == pytest.approx(fitter.standard_errors_[order], rel=1e-4)


def test_interactions_and_squares_as_statsmodels_says(pair) -> None:
    from statsmodels.formula.api import ols

    found = one(*pair, "score ~ age ** 2 + age * group")
    oracle = ols("score ~ I(age ** 2) + age * C(group)", pair[0]).fit()
    order = {
        "intercept": "Intercept",
        "age ** 2": "I(age ** 2)",
        "age": "age",
        "group = b": "C(group)[T.b]",
        "group = c": "C(group)[T.c]",
        "age : group = b": "age:C(group)[T.b]",
        "age : group = c": "age:C(group)[T.c]",
    }
    assert {term.term for term in found.coefficients} == set(order)
    for term in found.coefficients:
        assert term.real.estimate == pytest.approx(oracle.params[order[term.term]], rel=1e-6)
        assert term.real.se == pytest.approx(oracle.bse[order[term.term]], rel=1e-6)
        assert (term.reference == "a") == ("group" in term.term)


def test_the_mayo_model_of_primary_biliary_cholangitis(clinical) -> None:
    """Published: Dickson et al. (1989), Hepatology 10, 1-7, from the 312 patients of the trial.

    They are among these 418, with longer times: the coefficients agree within 5 %.
    """
    pbc = clinical("pbc")
    schema = Schema.detect(pbc)
    columns = [
        Column(name="edema", kind="continuous") if column.name == "edema" else column
        for column in schema
    ]
    found = one(
        pbc,
        pbc,
        "Surv(time, status == 2) ~ age + log(bili) + edema + log(albumin) + log(protime)",
        schema=Schema(columns=tuple(columns)),
    )
    published = [0.039, 0.871, 0.859, -2.53, 2.38]
    assert [term.real.estimate for term in found.coefficients] == pytest.approx(published, rel=0.05)
    assert found.dropped_real is None  # 2 patients: not told


def test_a_second_sample_of_patients_comes_to_the_same_conclusions(independent) -> None:
    # One pair of samples, three analyses: each floor is left once in 40 by chance to its bad side.
    assert not independent.not_computed
    for found in independent.regressions:
        assert found.overlap.floor.low <= found.overlap.value
        assert found.same_conclusions.floor.low <= found.same_conclusions.value
        assert found.mean_difference.value <= found.mean_difference.floor.high
        assert found.p_value > 0.01
        assert found.worth is not None
        assert found.worth.n_effective == pytest.approx(240)


def test_a_copy_agrees_beyond_chance(pair) -> None:
    for found in compare_inference(pair[0], pair[0].copy(), ANALYSES).regressions:
        assert found.overlap.value == pytest.approx(1)
        assert found.overlap.value > found.overlap.floor.high
        assert found.mean_difference.value == pytest.approx(0, abs=1e-9)
        assert found.p_value == pytest.approx(1)
        assert {term.conclusion for term in found.coefficients} == {"same"}


def test_shuffled_columns_lose_the_effects(pair) -> None:
    rng = np.random.default_rng(2)
    shuffled = pair[0].apply(lambda column: rng.permutation(column.to_numpy()))
    for found in compare_inference(pair[0], shuffled, ANALYSES).regressions:
        terms = {term.term: term for term in found.coefficients}
        assert terms["age"].conclusion == "lost"
        assert terms["group = b"].conclusion == "lost"
        assert found.overlap.value < found.overlap.floor.mean
        assert found.p_value < 0.05


def test_an_outcome_in_other_units_is_noticed(pair) -> None:
    fake = pair[1].assign(score=100 * pair[1]["score"] + 7000)
    found = one(pair[0], fake, ANALYSES[0])
    assert {term.term: term.conclusion for term in found.coefficients}["age"] == "same"
    assert found.overlap.value < found.overlap.floor.low
    assert found.p_value < 1e-10


def test_an_effect_that_is_reversed(pair) -> None:
    fake = pair[1].assign(score=-pair[1]["score"])
    terms = {term.term: term for term in one(pair[0], fake, ANALYSES[0]).coefficients}
    assert terms["age"].conclusion == "reversed"
    assert not terms["age"].same_sign
    assert terms["age"].same_significance


def test_units_of_a_term_change_nothing_else(pair) -> None:
    plain = one(*pair, "score ~ age + log(marker)")
    scaled = one(
        *(table.assign(age=1e6 * table["age"] + 1e9) for table in pair), "score ~ age + log(marker)"
    )
    first, second = (found.coefficients[1] for found in (plain, scaled))
    assert 1e6 * second.real.estimate == pytest.approx(first.real.estimate, rel=1e-6)
    assert second.interval_overlap == pytest.approx(first.interval_overlap, abs=1e-6)
    assert scaled.p_value == pytest.approx(plain.p_value, abs=1e-4)


def test_corrected_errors_are_honest_about_a_large_synthetic_table() -> None:
    found = one(study(61, 3), study(5000, 4), "score ~ age + log(marker)")
    for term in found.coefficients:
        assert term.corrected.estimate == term.synthetic.estimate
        assert term.corrected.se == pytest.approx(term.synthetic.se * np.sqrt(1 + 5000 / 61))
    assert found.worth is not None
    assert found.worth.n_effective < 61


def test_several_synthetic_tables_are_combined(pair) -> None:
    fakes = [study(600, seed) for seed in range(10, 15)]
    alone = [one(pair[0], fake, ANALYSES[0]).coefficients[1].synthetic for fake in fakes]
    together = one(pair[0], fakes, ANALYSES[0])
    term = together.coefficients[1]
    v = np.mean([estimate.se**2 for estimate in alone])
    b = np.var([estimate.estimate for estimate in alone], ddof=1)
    assert together.m == 5
    assert term.synthetic.estimate == pytest.approx(np.mean([x.estimate for x in alone]))
    assert term.synthetic.se == pytest.approx(np.sqrt(v))
    assert term.corrected.se == pytest.approx(np.sqrt(v * (600 / 400 + 1 / 5)))
    partially = one(pair[0], fakes, ANALYSES[0], rule="partially")
    assert partially.coefficients[1].corrected.se == pytest.approx(np.sqrt(v + b / 5))
    assert partially.worth is None
    with pytest.raises(ParameterError, match="at least two synthetic tables"):
        compare_inference(*pair, ANALYSES[0], rule="fully")
    with pytest.raises(ParameterError, match="no synthetic table"):
        compare_inference(pair[0], [], ANALYSES[0])


def test_missing_values_are_left_out_and_counted(pair) -> None:
    real, fake = (table.copy() for table in pair)
    real.loc[:39, "age"] = np.nan
    fake.loc[:99, "group"] = None
    found = one(real, fake, ANALYSES[0])
    assert (found.dropped_real, found.used_real) == (40, 360)
    assert (found.dropped_synthetic, found.used_synthetic) == (100, 500)
    alone = one(real.iloc[40:], fake.iloc[100:], ANALYSES[0])
    assert alone.coefficients == found.coefficients


@pytest.mark.parametrize(("gone", "told"), [(0, 0), (1, None), (4, None), (5, 5)])
def test_a_handful_of_incomplete_rows_is_not_told(pair, gone: int, told: int | None) -> None:
    real = pair[0].copy()
    real.loc[: gone - 1, "age"] = np.nan
    found = one(real, pair[1], ANALYSES[0])
    assert found.dropped_real == told
    assert found.used_real == (None if told is None else 400 - told)
    assert found.worth is not None
    assert found.worth.n == (396 if told is None else 400 - told)


def test_rare_levels_are_pooled_in_both_tables(pair) -> None:
    real, fake = (table.copy() for table in pair)
    real.loc[:2, "group"] = "rare disease"
    real.loc[3:6, "group"] = "very rare disease"
    fake.loc[:9, "group"] = "rare disease"
    fake.loc[10:19, "group"] = "not in the real table"
    found = one(real, fake, ANALYSES[0])
    terms = [term.term for term in found.coefficients]
    assert terms == ["intercept", "age", "group = b", "group = c", "group = other", "log(marker)"]
    assert "rare disease" not in found.model_dump_json()
    assert found.dropped_synthetic == 0


def test_a_pool_that_is_too_small_takes_in_the_next_level(pair) -> None:
    real = pair[0].copy()
    real.loc[:2, "group"] = "rare disease"
    terms = [term.term for term in one(real, pair[1], ANALYSES[0]).coefficients]
    assert terms == ["intercept", "age", "group = b", "group = other", "log(marker)"]


def test_a_level_that_only_the_synthetic_table_has_is_left_out(pair) -> None:
    fake = pair[1].copy()
    fake.loc[:9, "group"] = "new"
    assert one(pair[0], fake, ANALYSES[0]).dropped_synthetic == 10


def test_levels_of_numbers_and_order(pair) -> None:
    real, fake = (
        table.assign(
            stage=np.digitize(table["age"], [45, 55, 65]) + 1,
            grade=np.array(["low", "middle", "high"])[np.digitize(table["age"], [50, 60])],
        )
        for table in pair
    )
    detected = Schema.detect(real)
    grade = Column(name="grade", kind="ordinal", levels=("low", "middle", "high"))
    schema = Schema(columns=tuple(grade if x.name == "grade" else x for x in detected))
    found = one(real, fake, "score ~ stage + grade", schema=schema)
    terms = [(term.term, term.reference) for term in found.coefficients]
    assert terms == [
        ("intercept", None),
        ("stage = 2", "1"),
        ("stage = 3", "1"),
        ("stage = 4", "1"),
        ("grade = middle", "low"),
        ("grade = high", "low"),
    ]
    number = Column(name="stage", kind="count")
    schema = Schema(columns=tuple(number if x.name == "stage" else x for x in detected))
    assert [x.term for x in one(real, fake, "score ~ stage", schema=schema).coefficients] == [
        "intercept",
        "stage",
    ]
    again = one(real, fake, "score ~ C(stage)", schema=schema)
    assert len(again.coefficients) == 4


def test_dates_and_limits_of_detection() -> None:
    rng = np.random.default_rng(5)
    tables = []
    for _ in range(2):
        visit = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 200), "D")
        crp = np.exp(rng.normal(1, 1, 200)).round(1)
        text = [f"{value}" if value >= 1 else "<1.0" for value in crp]
        tables.append(pd.DataFrame({"visit": visit, "crp": text, "score": rng.normal(size=200)}))
    found = one(*tables, "log(crp) ~ visit + score")
    assert [term.term for term in found.coefficients] == ["intercept", "visit", "score"]
    assert found.dropped_real == 0


def test_an_intercept_alone_is_a_mean() -> None:
    real, fake = study(200, 6), study(200, 7)
    found = one(real, fake, "score ~ 1")
    assert found.coefficients[0].real.estimate == pytest.approx(real["score"].mean())
    assert found.coefficients[0].real.se == pytest.approx(real["score"].sem())
    assert found.overlap.value == pytest.approx(found.coefficients[0].interval_overlap)


def test_reasons_and_how_to_mend_them(pair) -> None:
    real, fake = (
        table.assign(
            twice=2 * table["age"],
            constant=1.0,
            negative=-table["marker"],
            exact=3 * table["age"] + 1,
            old=table["age"] > 55,
            rare=np.arange(len(table)) < 4,
            late=-table["time"],
        )
        for table in pair
    )
    for analysis, words in {
        "score ~ age + twice": "real table the terms age, twice follow from one another",
        "score ~ constant": "does not vary|fewer than two levels",
        "score ~ log(negative)": "real table has values of 0 or below in the column 'negative'",
        "score ~ sqrt(negative)": "values below 0",
        "score ~ log(group)": "needs numbers, but the column 'group' is nominal",
        "group ~ age": "needs numbers",
        "exact ~ age": "follows exactly from the terms",
        "constant ~ age": "does not vary|needs numbers",
        "logit(old) ~ age": "separation",
        "logit(rare) ~ age": "too few events",
        "logit(status) ~ age": "has 3 values .* status == value",
        "logit(status == 7) ~ age": "too few events",
        "logit(status == 'two') ~ age": "too few events",
        "Surv(late, relapse) ~ age": "times below 0",
        "Surv(time, rare) ~ age": "too few events",
        "score ~ rare": "fewer than two levels",
        "score ~ age : group": "needs the terms it is made of; write age . group",
        "score ~ C(age)": "fewer than two levels",
    }.items():
        found = compare_inference(real, fake, analysis)
        assert not found.regressions, analysis
        assert pd.Series(found.not_computed[0].reason).str.contains(words).all(), (
            analysis,
            found.not_computed[0].reason,
        )


def test_cox_separation_is_a_reason() -> None:
    real = study(200, 8)
    # Only those of group b have the event, and all of them at once.
    real["status"] = np.where(real["group"] == "b", 2, 0)
    assert "separation" in reason(real, study(200, 9), "Surv(time, status == 2) ~ group + age")


def test_what_only_the_synthetic_table_lacks_is_said_of_it(pair) -> None:
    fake = pair[1][pair[1]["group"] != "c"]
    assert "group = c does not vary among the complete rows of the synthetic table" in reason(
        pair[0], fake, ANALYSES[0]
    )
    found = compare_inference(pair[0], [pair[1], fake], ANALYSES[0])
    assert "of the 2. synthetic table" in found.not_computed[0].reason


def test_cells_of_a_handful_of_patients_are_not_shown(pair) -> None:
    real = pair[0].copy()
    real["sex"] = "f"
    real.loc[real.index[real["group"] == "a"][:50], "sex"] = "m"
    real.loc[real.index[real["group"] == "b"][:50], "sex"] = "m"
    real.loc[real.index[real["group"] == "c"][:3], "sex"] = "m"
    fake = pair[1].assign(sex=np.where(np.arange(600) % 2, "f", "m"))
    assert "fewer than 5 complete real rows" in reason(real, fake, "score ~ age + sex * group")
    one(real, fake, "score ~ age + sex + group")
    # With levels alone a logistic regression is a table of patients with the event.
    real["relapse"] = False
    real.loc[real.index[real["group"] == "a"][:50], "relapse"] = True
    real.loc[real.index[real["group"] == "b"][:50], "relapse"] = True
    real.loc[real.index[real["group"] == "c"][:2], "relapse"] = True
    assert "would be a table of them" in reason(real, fake, "logit(relapse) ~ group")
    one(real, fake, "logit(relapse) ~ group + age")


def test_too_few_rows_for_the_terms() -> None:
    real, fake = study(8, 10), study(100, 11)
    assert "too few complete rows" in reason(real, fake, "score ~ age + marker + time")
    one(study(12, 10), fake, "score ~ age + marker + time")
    assert "at least" in reason(study(9, 10), fake, "logit(relapse) ~ age + marker")
    empty = study(50, 12).assign(age=np.nan)
    schema = Schema.detect(study(50, 12))
    assert "no real row is complete" in reason(empty, fake, "score ~ age", schema)


def test_identifiers_are_not_compared(pair) -> None:
    real, fake = (table.assign(mrn=[f"MRN-{i:06d}" for i in range(len(table))]) for table in pair)
    detected = Schema.detect(real)
    mrn = Column(name="mrn", kind="identifier", protection="drop")
    schema = Schema(columns=tuple(mrn if x.name == "mrn" else x for x in detected))
    assert "identifier" in reason(real, fake, "score ~ mrn", schema)


def test_the_report_compares_with_what_was_learned(pair) -> None:
    unseen = study(100, 13)
    tables = read_tables(unseen, pair[1], None, training=pair[0], unseen=unseen)
    found, missing = compare_regressions(tables, ANALYSES)
    assert not missing
    for regression in found:
        assert regression.n_real == 100
        assert regression.worth is not None
        assert regression.worth.n == 400
        term = regression.coefficients[0]
        assert term.corrected.se == pytest.approx(term.synthetic.se * np.sqrt(1 + 600 / 400))


def test_large_tables_are_sampled(pair, monkeypatch) -> None:
    monkeypatch.setattr(compare_module, "MOST_ROWS", dict.fromkeys(compare_module.MOST_ROWS, 150))
    found = one(*pair, ANALYSES[0])
    assert (found.used_real, found.used_synthetic) == (150, 150)
    # A user of all rows learns more; what is learned here is corrected for the rows fitted.
    term = found.coefficients[1]
    assert term.corrected.se == pytest.approx(term.synthetic.se * np.sqrt(1 + 150 / 400))
    assert one(*pair, ANALYSES[0], random_state=1) != found


def test_one_seed_one_result(pair) -> None:
    first, second = (
        compare_inference(*pair, ANALYSES, random_state=3).model_dump_json() for _ in range(2)
    )
    assert first == second
    tables = read_tables(*pair, None)
    alone = compare_regressions(tables, ANALYSES[1], seeds=Seeds(3))[0][0]
    # Whatever else is asked, the answer to one question is the same.
    among_others = Inference.model_validate_json(first).regressions[1]
    assert alone.model_dump_json() == among_others.model_dump_json()


def test_the_given_tables_stay_as_they_are(pair) -> None:
    copies = [table.copy() for table in pair]
    compare_inference(*pair, ANALYSES)
    for table, copied in zip(pair, copies, strict=True):
        pd.testing.assert_frame_equal(table, copied)


def test_a_frame_of_all_coefficients(independent) -> None:
    frame = independent.to_frame()
    assert len(frame) == 5 + 5 + 4
    assert {"analysis", "term", "real_estimate", "corrected_high", "conclusion"} <= set(frame)


def test_without_the_libraries_it_says_what_to_install(pair, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "lifelines", None)
    with pytest.raises(ParameterError, match=r"pip install 'synthhealth\[inference\]'"):
        compare_inference(*pair, ANALYSES)
    # Reading what is asked for needs none of them.
    with pytest.raises(ParameterError, match="no column"):
        compare_inference(*pair, "score ~ nothing")


@pytest.mark.parametrize("n", [5, 61])
def test_any_question_of_any_table_has_an_answer_or_a_reason(n: int) -> None:
    rng = np.random.default_rng(14)
    tables = []
    for _ in range(2):
        table = pd.DataFrame(
            {
                "number": rng.normal(size=n),
                "gappy": np.where(rng.random(n) < 0.5, np.nan, rng.normal(size=n)),
                "empty": np.nan,
                "same": 1.0,
                "two": rng.choice(["yes", "no"], n),
                "many": [f"level {place}" for place in range(n)],
                "date": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, n), "D"),
                "flag": rng.random(n) < 0.5,
                "time": rng.exponential(size=n),
            }
        )
        tables.append(table)
    names = list(tables[0])
    asked = [f"{first} ~ {second}" for first in names for second in names if first != second]
    asked += [
        f"logit({first}) ~ {second}" for first in names for second in names if first != second
    ]
    asked += [f"Surv(time, {first}) ~ number" for first in names if first not in ("time", "number")]
    found = compare_inference(*tables, asked)
    assert len(found.regressions) + len(found.not_computed) == len(asked)
    assert bool(found.regressions) == (n == 61)
