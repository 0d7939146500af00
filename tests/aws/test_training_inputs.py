"""What a job is told and given: parameters in every spelling, and the files of a channel."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jobs import cohort

import synthhealth as sh
from synthhealth.aws._training._channels import count_seen, files_of, fingerprint, read_tables
from synthhealth.aws._training._settings import PARAMETERS, Settings, read_arguments, read_settings
from synthhealth.errors import FileError, ParameterError, TableError
from synthhealth.schema import Column, Schema


@pytest.mark.parametrize("text", ["True", "true", "TRUE", '"True"', '"true"', " true ", True])
def test_true_in_every_spelling(text):
    told = {"synthesizer": "ctgan", "log_frequency": text}
    assert read_settings(told).model_params == {"log_frequency": True}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({}, Settings()),
        ({"synthesizer": "tvae"}, Settings("tvae")),
        ({"synthesizer": '"tvae"'}, Settings("tvae")),
        ({"synthesizer": '"\\"tvae\\""'}, Settings("tvae")),
        ({"random_state": "7"}, Settings(random_state=7)),
        ({"random_state": '"7"'}, Settings(random_state=7)),
        ({"random_state": 7.0}, Settings(random_state=7)),
        ({"random_state": "None", "num_rows": "null", "protect": ""}, Settings()),
        ({"max_seconds": "1.5E1"}, Settings(max_seconds=15.0)),
        ({"max_seconds": 20}, Settings(max_seconds=20.0)),
        ({"drop": '["name", "123"]'}, Settings(drop=("name", "123"))),
        ({"drop": '"[\\"name\\"]"'}, Settings(drop=("name",))),
        ({"drop": ["name"]}, Settings(drop=("name",))),
        ({"drop": "name"}, Settings(drop=("name",))),
        ({"drop": "123"}, Settings(drop=("123",))),
        ({"drop": "[]"}, Settings()),
        (
            {"synthesizer": "ctgan", "generator_dim": "[64, 32]"},
            Settings("ctgan", model_params={"generator_dim": (64, 32)}),
        ),
        (
            {"synthesizer": "ctgan", "generator_dim": "(64, 32)"},
            Settings("ctgan", model_params={"generator_dim": (64, 32)}),
        ),
        (
            {"synthesizer": "ctgan", "generator_dim": "64"},
            Settings("ctgan", model_params={"generator_dim": (64,)}),
        ),
        (
            {"synthesizer": "ctgan", "generator_lr": "0.0002"},
            Settings("ctgan", model_params={"generator_lr": 0.0002}),
        ),
        (
            {"margins": '{"crp": "gamma"}'},
            Settings(model_params={"margins": {"crp": "gamma"}}),
        ),
        (
            {"_tuning_objective_metric": "quality:ks_average", "sagemaker_program": '"train.py"'},
            Settings(),
        ),
    ],
)
def test_a_value_means_the_same_in_every_spelling(told, wanted):
    assert read_settings(told) == wanted


@pytest.mark.parametrize(
    "told",
    [
        {"random_state": "-1"},
        {"random_state": "9" * 400},
        {"random_state": "1e300"},
        {"max_seconds": "9" * 400},
        {"random_state": "1.5"},
        {"random_state": "true"},
        {"max_seconds": "NaN"},
        {"max_seconds": "Infinity"},
        {"max_seconds": "0"},
        {"drop": "[1]"},
        {"synthesizer": "ctgan", "generator_dim": "wide"},
        {"synthesizer": "ctgan", "enable_gpu": "maybe"},
        {"margins": "crp=gamma"},
        {"num_rows": "[" * 3000},
        {"model": "ctgan"},
    ],
)
def test_what_cannot_be_meant_is_refused(told):
    with pytest.raises(ParameterError):
        read_settings(told)


def _with_python_words(value: object) -> str:
    return str(value) if isinstance(value, bool) else json.dumps(value)


#: How a value of any type is written: raw, as Python's words, as JSON, as JSON within JSON.
SPELLINGS: list[Callable[[Any], Any]] = [
    lambda value: value,
    lambda value: value if isinstance(value, str) else _with_python_words(value),
    lambda value: value if isinstance(value, str) else json.dumps(value),
    json.dumps,
    lambda value: json.dumps(json.dumps(value)),
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@given(
    seed=st.integers(0, 2**64),
    budget=st.floats(0.001, 1e9),
    rate=st.floats(1e-8, 1.0),
    truth=st.booleans(),
    widths=st.lists(st.integers(1, 8192), min_size=1, max_size=5),
    names=st.lists(st.text(min_size=1), max_size=4),
)
@hypothesis_settings(max_examples=60)
def test_every_value_survives_every_spelling(spelling, seed, budget, rate, truth, widths, names):
    values = {
        "synthesizer": "ctgan",
        "random_state": seed,
        "max_seconds": budget,
        "drop": names,
        "generator_lr": rate,
        "generator_dim": widths,
        "enable_gpu": truth,
    }
    found = read_settings({name: spelling(value) for name, value in values.items()})
    assert found == Settings(
        "ctgan",
        random_state=seed,
        max_seconds=budget,
        drop=tuple(names),
        model_params={"generator_dim": tuple(widths), "generator_lr": rate, "enable_gpu": truth},
    )


@given(st.dictionaries(st.sampled_from([one.name for one in PARAMETERS]), st.text()))
def test_no_text_breaks_the_reading(values):
    with contextlib.suppress(ParameterError):
        read_settings(values)


def test_the_order_of_the_parameters_does_not_matter():
    told = {"log_scale": "true", "margins": "{}", "margin": "norm"}
    there, back = read_settings(told), read_settings(dict(reversed(told.items())))
    assert list(there.model_params.items()) == list(back.model_params.items())


def test_arguments_without_a_name_are_refused():
    with pytest.raises(ParameterError, match="belongs to no parameter"):
        read_arguments(["--steps", "3", "4"])


def test_each_family_is_told_what_it_knows():
    for name in sh.models.available():
        for parameter in sh.models.get(name).parameters:
            default = parameter.default_for(1000)
            settings = read_settings({"synthesizer": name, parameter.name: str(default)})
            expected = {} if default is None else {parameter.name: default}
            if default != {} and parameter.type is not dict:
                assert settings.model_params == expected


class TestFiles:
    def test_what_is_no_data_is_left_aside(self, tmp_path):
        for name in ("b.csv", "a.csv", ".c.csv", "_SUCCESS", "x.manifest", "data-manifest"):
            (tmp_path / name).write_text("x\n")
        for folder in ("deep", ".git", "_temporary"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "d.csv").write_text("x\n")
        names = [path.relative_to(tmp_path).as_posix() for path in files_of(tmp_path)]
        assert names == ["a.csv", "b.csv", "deep/d.csv"]

    def test_an_empty_channel_is_refused(self, tmp_path):
        with pytest.raises(FileError, match="the channel has no file"):
            files_of(tmp_path)

    def test_a_file_that_is_no_table_is_refused(self, tmp_path):
        (tmp_path / "README.md").write_text("x\n")
        with pytest.raises(FileError, match="suffix"):
            read_tables(files_of(tmp_path))


def written(folder: Path, *parts: pd.DataFrame, suffixes: tuple[str, ...]) -> list[Path]:
    for i, (part, suffix) in enumerate(zip(parts, suffixes, strict=True)):
        sh.write_table(part, folder / f"part{i}{suffix}")
    return files_of(folder)


class TestTables:
    @pytest.mark.parametrize(
        "suffixes",
        [
            (".csv",) * 3,
            (".csv", ".csv.gz", ".tsv"),
            (".parquet",) * 3,
            (".parquet", ".csv", ".csv.gz"),
        ],
    )
    def test_several_files_are_one_table(self, suffixes, tmp_path):
        whole = sh.datasets.load_ra_panel()
        parts = [whole.iloc[:20], whole.iloc[20:45], whole.iloc[45:]]
        parts = [part.reset_index(drop=True) for part in parts]
        table, _ = read_tables(written(tmp_path, *parts, suffixes=suffixes))
        (tmp_path / "whole").mkdir()
        sh.write_table(whole, tmp_path / "whole/whole.csv")
        pd.testing.assert_frame_equal(table, sh.read_table(tmp_path / "whole/whole.csv"))

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("1", "2.5"),
            ("1", "<0.5"),
            ("0.25", "<0.5"),
            ("", "3"),
            ("", "true"),
            ("true", ""),
            ("", "F"),
            ("1", "NA"),
            ("2021-03-04", ""),
            ("007", "8"),
        ],
    )
    def test_a_column_is_what_it_would_be_in_one_file(self, first, second, tmp_path):
        rows = [f"{i},{cell}\n" for i, cell in enumerate([first] * 3 + [second] * 3)]
        one, several = tmp_path / "one", tmp_path / "several"
        one.mkdir()
        several.mkdir()
        (one / "a.csv").write_text("id,x\n" + "".join(rows))
        (several / "a.csv").write_text("id,x\n" + "".join(rows[:3]))
        (several / "b.csv").write_text("id,x\n" + "".join(rows[3:]))
        wanted, _ = read_tables(files_of(one))
        found, _ = read_tables(files_of(several))
        pd.testing.assert_frame_equal(found, wanted)

    @pytest.mark.parametrize(
        ("header", "words"),
        [
            ("id,Schmidt", "its column 2 has another name"),
            ("x,id", "another order"),
            ("id,x,Schmidt", "3 columns, a.csv has 2"),
        ],
    )
    def test_files_with_other_columns_are_refused_without_their_names(
        self, header, words, tmp_path
    ):
        (tmp_path / "a.csv").write_text("id,x\n1,2\n")
        row = ",".join(str(i) for i in range(header.count(",") + 1))
        (tmp_path / "b.csv").write_text(f"{header}\n{row}\n")
        with pytest.raises(TableError, match=words) as raised:
            read_tables(files_of(tmp_path))
        assert "Schmidt" not in str(raised.value)
        assert str(raised.value).startswith("b.csv: ")

    @pytest.mark.parametrize("header", ["51,98.7,Schmidt", "51.0,-2e3,F", '"5,1","2,5",x'])
    def test_a_patient_in_place_of_the_header_is_refused_and_not_shown(self, header, tmp_path):
        (tmp_path / "a.csv").write_text(f"{header}\n47,12.5,F\n61,,M\n")
        with pytest.raises(TableError, match=r"a\.csv: .*header seems to be missing") as raised:
            read_tables(files_of(tmp_path))
        assert "98" not in str(raised.value)
        assert "Schmidt" not in str(raised.value)
        schema = Schema(columns=[Column(name="x", kind="count")])  # then numbers may be names
        table, _ = read_tables(files_of(tmp_path), schema=schema)
        assert table.shape == (2, 3)

    @pytest.mark.parametrize("header", ["0,1,2", "1,2,3", "2019,crp,2021", "a,b,2020"])
    def test_numbers_may_be_names(self, header, tmp_path):
        (tmp_path / "a.csv").write_text(f"{header}\n47,12.5,F\n61,,M\n")
        assert list(read_tables(files_of(tmp_path))[0].columns) == header.split(",")

    def test_types_that_do_not_go_together_are_refused(self, tmp_path):
        dates = pd.DataFrame({"x": pd.to_datetime(["2021-03-04", "2021-03-05"])})
        files = written(
            tmp_path, dates, pd.DataFrame({"x": [1, 2]}), suffixes=(".parquet", ".parquet")
        )
        with pytest.raises(TableError, match="column 'x' has not the same type"):
            read_tables(files)

    def test_true_and_false_among_other_words_are_refused(self, tmp_path):
        # "true" and "TRUE" are both read as true: how they were written is not known any more.
        (tmp_path / "a.csv").write_text("x\ntrue\nfalse\n")
        (tmp_path / "b.csv").write_text("x\ntrue\nunknown\n")
        with pytest.raises(TableError, match="column 'x' has not the same type"):
            read_tables(files_of(tmp_path))

    def test_doubts_are_told_with_the_file(self, tmp_path):
        (tmp_path / "a.csv").write_bytes("größe\n1\n2\n".encode("latin-1"))
        _, doubts = read_tables(files_of(tmp_path))
        assert len(doubts) == 1
        assert doubts[0].startswith("a.csv: the text is not UTF-8")


def test_a_fingerprint_depends_on_content_kind_order_and_key(tmp_path):
    a, b, c = (tmp_path / name for name in ("a.csv", "b.csv", "c.tsv"))
    for path, text in ((a, "x\n1\n"), (b, "x\n2\n"), (c, "x\n1\n")):
        path.write_text(text)
    key = bytes(32)
    prints = [
        fingerprint([a], key),
        fingerprint([b], key),
        fingerprint([c], key),
        fingerprint([a, b], key),
        fingerprint([b, a], key),
        fingerprint([a], b"other" * 8),
        fingerprint([], key),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint([a], key) == prints[0]


class TestUnseenPatients:
    def test_the_learned_ones_are_refused(self):
        table = cohort()
        with pytest.raises(TableError, match=r"'validation': all of its 80 rows are rows of the"):
            count_seen(table, table.sample(frac=1, random_state=0))

    def test_some_of_them_are_counted(self):
        table = cohort()
        unseen = pd.concat([cohort(seed=4), table.head(7)])
        assert count_seen(table, unseen[["sex", "age", "crp"]]) == 7

    def test_a_table_of_few_different_rows_may_repeat_them(self):
        table = pd.DataFrame({"sex": ["F", "M"] * 20, "smoker": [True, False] * 20})
        assert count_seen(table, table.head(10)) == 10
