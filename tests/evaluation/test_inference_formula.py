from __future__ import annotations

import pytest

from synthhealth.errors import ParameterError
from synthhealth.evaluation.inference import Analysis, check_analyses
from synthhealth.evaluation.inference.formula import Event, Factor, Survival, parse
from synthhealth.schema import Column, Schema


def labels(text: str) -> list[str]:
    return [":".join(map(str, term)) for term in parse(text).terms]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("das28 ~ age", "linear"),
        ("log(crp) ~ age", "linear"),
        ("logit(dead) ~ age", "logistic"),
        ("logit(dead ~ age)", "logistic"),
        ("logit(status == 2) ~ age", "logistic"),
        ("Surv(time, dead) ~ age", "cox"),
        ("Surv(time, status == 'dead of disease') ~ age", "cox"),
    ],
)
def test_the_left_side_says_the_kind(text: str, kind: str) -> None:
    assert Analysis(text).kind == kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y ~ a + b", ["a", "b"]),
        ("y ~ a + a + b", ["a", "b"]),
        ("y ~ a * b", ["a", "b", "a:b"]),
        ("y ~ b:a + a * b", ["a", "b", "b:a"]),
        ("y ~ a * b * c", ["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"]),
        ("y ~ log(a) + log1p(b) + sqrt(c)", ["log(a)", "log1p(b)", "sqrt(c)"]),
        ("y ~ a + a ** 2", ["a", "a ** 2"]),
        ("y ~ 1", []),
        ("y ~ 1 + a", ["a"]),
        ("y ~ `C-reactive protein` + \"anti CCP\" + 'é'", ["C-reactive protein", "anti CCP", "é"]),
        ("y ~ alk.phos:C(stage) + alk.phos", ["alk.phos", "alk.phos:stage"]),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert labels(text) == expected


def test_outcomes() -> None:
    assert parse("log(crp) ~ a").outcome == Factor("crp", "log")
    assert parse("logit(dead ~ a)").outcome == Event("dead")
    assert parse("logit(x == -9) ~ a").outcome == Event("x", "-9")
    assert parse("Surv(t, s == true) ~ a").outcome == Survival("t", Event("s", "true"))
    assert parse("dead ~ a", "logistic").outcome == Event("dead")
    assert parse("s == 2 ~ a", "logistic").outcome == Event("s", "2")


@pytest.mark.parametrize(
    "text",
    [
        "y ~ I(__import__('os').system('true'))",
        "y ~ __import__('os')",
        "y ~ C(__import__('os'))",
        "y ~ Q('a')",
        "y ~ a.values()",
        "y ~ C(a, Treatment(2))",
        "y ~ np.log(a)",
        "y ~ log(a + b)",
        "y ~ {a}",
        "y ~ [a]",
        "y ~ a; b",
        "y ~ a\n@b",
        "y ~ lambda: 0",
        "y ~ a ** 3",
        "y ~ a ** a",
        "y ~ (a + b) ** 2",
        "y ~ a - b",
        "y ~ a - 1",
        "y ~ 0 + a",
        "y ~ 2 + a",
        "y ~ a / b",
        "y ~ a %in% b",
        "y ~ a | b",
        "y ~ a * b * c * d",
        "y ~ a:b:c:d",
        "y ~",
        "~ a",
        "y",
        "",
        "y ~ a +",
        "y ~ a b",
        "y ~ a ~ b",
        "y ~ y",
        "y ~ a + log(y)",
        "y == 2 ~ a",
        "C(y) ~ a",
        "logit(y ~ a",
        "logit(y) ~ a)",
        "logit(log(y)) ~ a",
        "logit(y == a) ~ b",
        "logit(y == -'a') ~ b",
        "Surv(t) ~ a",
        "Surv(t, s, u) ~ a",
        "Surv(t, s) ~ 1",
        "Surv(t, s) ~ t",
        "y ~ " + " + ".join(f"x{i}" for i in range(61)),
        "y ~ " + "a" * 3000,
        "y ~ `a",
    ],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ParameterError, match="analysis"):
        Analysis(text)


def test_the_kind_must_fit() -> None:
    assert Analysis("dead ~ age", kind="logistic").kind == "logistic"
    with pytest.raises(ParameterError, match="leave kind out"):
        Analysis("logit(dead) ~ age", kind="linear")
    with pytest.raises(ParameterError, match=r"written Surv\(time, event\)"):
        Analysis("time ~ age", kind="cox")
    with pytest.raises(ParameterError, match="did you mean 'logistic'"):
        Analysis("dead ~ age", kind="logistics")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="type int"):
        Analysis(3)  # type: ignore[arg-type]


def test_columns_are_checked_before_anything_is_computed() -> None:
    schema = Schema(
        columns=(Column(name="age", kind="count"), Column(name="crp", kind="continuous"))
    )
    found = check_analyses(["crp ~ age", Analysis("age ~ crp")], schema)
    assert [one.formula for one in found] == ["crp ~ age", "age ~ crp"]
    assert check_analyses(" crp ~ age\n", schema) == (Analysis("crp ~ age"),)
    with pytest.raises(ParameterError, match=r"no column 'ages' \(did you mean 'age'"):
        check_analyses(["crp ~ ages"], schema)
