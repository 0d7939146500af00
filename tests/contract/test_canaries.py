"""Nothing of a single patient is in anything that leaves: canaries in every position and output.

A text is found wherever its bytes stand, in UTF-8 or UTF-16, in archives too; a number where all
the digits that are written there are its own (seven or more), or where an array holds it to seven
digits. By chance neither happens: the words are made up, and a table of 300 rows, written in full,
meets one of the numbers below about once in ten million.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from canaries import TEXTS, N, contents, numbers_found, numbers_table, texts_table, words_found
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.models import about, available

NETWORKS = ("autoregressive", "causal_gan", "ctgan", "tvae", "copula_gan")
QUICK = dict.fromkeys(NETWORKS, "steps=30")
QUICK |= {"gaussian_copula": "", "trees": "", "hybrid": "", "bayesian_network": ""}
QUICK |= {"boltzmann": "", "diffusion": "steps=30"}
# The machine keeps what its network keeps, and weights; diffusion what the copula keeps.
_LONG = (*NETWORKS, "boltzmann", "diffusion")
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in _LONG]
FAMILIES = ["gaussian_copula", "trees", "hybrid", "bayesian_network", *SLOW]


def call(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code in (0, 1, 3), result.output
    assert "Traceback" not in result.output
    return f"{result.stdout}\n{result.stderr}"


def succeed(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    assert result.exit_code == 0, result.output
    return f"{result.stdout}\n{result.stderr}"


def of_the_model(data: Path, out: Path, family: str) -> str:
    """Call all verbs whose results depend on the family; give what they said."""
    param = ["--param", QUICK[family]] if QUICK[family] else []
    common = ["--protect", "drop", "--model", family, *param, "--seed", 1]
    said = succeed("run", data, "--out", out / "run", *common, "--rows", 300)
    model = out / "run" / "model.synth"
    said += succeed("sample", model, "--rows", 50, "--out", out / f"more{data.suffix}")
    said += call("inspect", model, "--data", data, "--json", out / "inside.json")
    said += call("verify", model, "--data", data, "--json", out / "verified.json")
    return said


def of_any_model(data: Path, out: Path) -> str:
    """Call the other verbs that see a table, or what `of_the_model` made of it."""
    protect = ["--protect", "drop"]
    said = succeed("fit", data, "--out", out / "fit.synth", *protect, "--seed", 1)
    said += succeed("schema", data, "--out", out / "schema.yaml", "--checklist", out / "list.json")
    said += succeed("describe", data, *protect, "--json", out / "description.json")
    made = next((out / "run").glob("synthetic.*"))
    said += succeed("evaluate", data, made, *protect, "--out", out / "judged", "--by", "sex")
    reports = [out / name / "report.json" for name in ("run", "judged")]
    said += succeed("trend", *reports, "--out", out / "trend.html")
    crossed = ["cross-evaluate", data, "--folds", 2, "--out", out / "crossed", *protect]
    return said + succeed(*crossed, "--seed", 1)


def every_verb(data: Path, out: Path, family: str) -> str:
    """Call all verbs; give what they said."""
    said = of_the_model(data, out, family)
    return said + of_any_model(data, out) if family == "gaussian_copula" else said


def test_the_search_finds_what_is_there(tmp_path):
    """A search that finds nothing proves nothing, unless it finds what was put there."""
    table, words = texts_table()
    numbers, secret = numbers_table()
    table.to_csv(tmp_path / "a.csv", index=False)
    table.to_excel(tmp_path / "a.xlsx", index=False)
    table.to_parquet(tmp_path / "a.parquet")
    for name in ("a.csv", "a.xlsx", "a.parquet"):
        assert all(
            any(f"{word} in {name}" in one for one in words_found(words, tmp_path))
            for word in words
        )
    numbers.to_csv(tmp_path / "b.csv", index=False)
    assert numbers_found(secret, tmp_path) == [f"{len(secret)} in b.csv"]
    from safetensors.numpy import save_file

    save_file({"means": numbers[["age"]].to_numpy()}, tmp_path / "c.safetensors")
    assert f"{N} in c.safetensors" in numbers_found(secret, tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_text_and_no_number_of_one_patient_leaves(tmp_path, family):
    texts, words = texts_table()
    numbers, secret = numbers_table()
    data = tmp_path / "patients.csv"
    numbers.join(texts.drop(columns=["sex", "age"])).to_csv(data, index=False)
    out = tmp_path / "out"
    out.mkdir()
    said = every_verb(data, out, family)
    assert words_found(words, out, said) == []
    assert numbers_found(secret, out, said) == []


@pytest.mark.parametrize("suffix", [".xlsx", pytest.param(".parquet", marks=pytest.mark.slow)])
def test_no_text_leaves_through_other_files(tmp_path, suffix):
    table, words = texts_table(1)
    data = tmp_path / f"patients{suffix}"
    if suffix == ".xlsx":
        # As spreadsheets have it: numbers are numbers, and only the odd cells text.
        table.map(_as_number).to_excel(data, index=False)
    else:
        table.to_parquet(data)
    out = tmp_path / "out"
    out.mkdir()
    said = succeed("run", data, "--out", out / "run", "--protect", "drop", "--seed", 1)
    said += succeed("schema", data) + succeed("describe", data, "--protect", "drop")
    assert words_found(words, out, said) == []


def _as_number(cell: str) -> object:
    try:
        return float(cell)
    except ValueError:
        return cell


def test_names_around_the_table_stay_behind(tmp_path):
    """A file, a sheet, an index, the order of categories may be named after a patient."""
    table, _ = numbers_table(2)
    table = table[["sex", "age", "creatinine"]]
    levels = ["mild", "severe", "Zqxlevelkanariv", "Zqxunusedkanariv"]
    stage = pd.Series(["mild", "severe"] * (N // 2), dtype=object)
    stage[7] = "Zqxlevelkanariv"
    table["stage"] = pd.Categorical(stage, categories=levels, ordered=True)
    table["site"] = pd.Categorical(["a", "b"] * (N // 2), categories=["b", "a", "Zqxsitekanariv"])
    table.index = pd.Index([f"Zqxrow{number}kanariv" for number in range(N)], name="case")
    table.attrs["source"] = "Zqxsourcekanariv"
    words = ["Zqxlevelkanariv", "Zqxunusedkanariv", "Zqxsitekanariv", "Zqxsourcekanariv"]
    words += [f"Zqxrow{number}kanariv" for number in range(N)]
    words += ["Zqxfilekanariv", "Zqxsheetkanariv"]
    folder = tmp_path / "data"
    folder.mkdir()
    parquet = folder / "Zqxfilekanariv.parquet"
    table.to_parquet(parquet)
    book = folder / "Zqxfilekanariv.xlsx"
    table.astype({"stage": object, "site": object}).to_excel(
        book, index=False, sheet_name="Zqxsheetkanariv"
    )
    out = tmp_path / "out"
    out.mkdir()
    for data in (parquet, book):
        succeed("run", data, "--out", out / data.suffix[1:], "--seed", 1, "--protect", "drop")
        succeed("describe", data, "--json", out / f"{data.suffix[1:]}.json")
    model = sh.Synthesizer(random_state=0).fit(table)
    model.save(out / "model.synth")
    fake = model.sample(100)
    fake.to_parquet(out / "fake.parquet")
    assert words_found(words, out, str(fake.attrs)) == []


def test_a_header_that_is_missing_shows_no_patient(tmp_path):
    table, secret = numbers_table(3)
    data = tmp_path / "patients.csv"
    table.to_csv(data, index=False, header=False)
    out = tmp_path / "out"
    out.mkdir()
    said = call("run", data, "--out", out / "run", "--seed", 1)
    said += call("describe", data, "--json", out / "description.json")
    said += call("schema", data, "--out", out / "schema.yaml")
    assert numbers_found(secret, out, said) == []


def test_every_family_is_tried():
    # A private family takes no schema that was detected: see tests/models/test_private.py.
    assert set(QUICK) == {name for name in available() if not about(name).is_formal}


def test_every_position_is_planted():
    table, words = texts_table()
    assert len(words) == len(set(words)) == len(TEXTS)
    text = table.to_csv()
    assert all(text.count(word) == 1 for word in words)


def test_archives_are_searched(tmp_path):
    model = sh.Synthesizer(random_state=0).fit(sh.datasets.load_ra_panel()[["sex", "age", "crp"]])
    path = model.save(tmp_path / "model.synth")
    names = [name for name, _ in contents(path)]
    assert "model.synth/preparation.json" in names


@pytest.mark.usefixtures("as_for_users")
def test_no_number_of_one_patient_leaves_where_all_is_computed(tmp_path):
    table, secret = numbers_table()
    data = tmp_path / "patients.csv"
    table.to_csv(data, index=False)
    out = tmp_path / "out"
    out.mkdir()
    said = succeed("run", data, "--out", out / "run", "--protect", "drop", "--seed", 1)
    assert numbers_found(secret, out, said) == []
