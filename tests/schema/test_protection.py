from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from synthhealth.errors import SchemaError, TableError
from synthhealth.schema import Column, Demographics, Kind, Notation, Protection, Range, Schema
from synthhealth.schema.identifiers.patterns import Pattern, pattern_of
from synthhealth.schema.identifiers.protection import add_fakes, learn_fakes, protect


def column(name: str, kind: str, **facts: object) -> Column:
    return Column(name=name, kind=kind, **facts)


def schema_of(*columns: Column, **facts: object) -> Schema:
    return Schema(columns=columns, **facts)


TABLE = pd.DataFrame(
    {
        "mrn": [f"MRN-{i:04d}" for i in range(0, 60, 3)],
        "crp": np.arange(20.0),
        "name": ["Doe, John", "Roe, Jane"] * 10,
        "seen": pd.date_range("2019-12-25", periods=20),
        "age": list(range(75, 95)),
        "zip": [2139, 10001] * 10,
    }
)
SCHEMA = schema_of(
    column("mrn", "identifier", identifier="record number"),
    column("crp", "continuous"),
    column("name", "identifier", identifier="name"),
    column("seen", "datetime", identifier="date"),
    column("age", "count", identifier="age over 89", unit="a", plausible=Range(low=0, high=125)),
    column("zip", "identifier", identifier="postcode"),
)


class TestProtect:
    def test_refuses_what_nobody_chose(self) -> None:
        with pytest.raises(SchemaError) as error:
            protect(TABLE, SCHEMA)
        message = str(error.value)
        assert "'mrn' (record number), 'name' (name), 'zip' (postcode)" in message
        for way in ("protection: drop", "with_protection('drop')", "--protect drop"):
            assert way in message

    @pytest.mark.parametrize("choice", ["drop", "fake"])
    def test_takes_identifiers_out(self, choice: str) -> None:
        table, schema = protect(TABLE, SCHEMA.with_protection(choice))
        assert list(table.columns) == schema.names == ["crp", "seen", "age"]
        pd.testing.assert_frame_equal(table, TABLE[["crp", "seen", "age"]])

    def test_generalises_what_can_be(self) -> None:
        table, schema = protect(TABLE, SCHEMA.with_protection("generalise"))
        assert schema.names == ["crp", "seen", "age", "zip"]
        assert table["seen"].tolist() == [2019] * 7 + [2020] * 13
        assert table["age"].max() == 90
        assert table["age"].min() == 75
        assert table["zip"].tolist() == ["021", "100"] * 10
        assert schema["seen"].kind is Kind.COUNT
        assert schema["age"].plausible == Range(low=0, high=90)
        assert schema["zip"].kind is Kind.NOMINAL

    def test_a_second_time_changes_nothing(self) -> None:
        schema = SCHEMA.with_protection("generalise")
        once, _ = protect(TABLE, schema)
        pd.testing.assert_frame_equal(protect(once, schema)[0], once)

    def test_the_table_given_stays(self) -> None:
        before = TABLE.copy(deep=True)
        protect(TABLE, SCHEMA.with_protection("generalise"))
        pd.testing.assert_frame_equal(TABLE, before)

    def test_without_identifiers_nothing_happens(self) -> None:
        schema = schema_of(column("crp", "continuous"))
        table, same = protect(TABLE[["crp"]], schema)
        pd.testing.assert_frame_equal(table, TABLE[["crp"]])
        assert same == schema

    @pytest.mark.parametrize(
        "cells",
        [
            ["2019-03-04", "2020-11-30", None],
            ["04.03.2019", "30.11.2020", None],
            ["4 Mar 2019", "Nov 2020", None],
            ["2019", "2020", None],
            [2019.0, 2020.0, np.nan],
        ],
    )
    def test_years_of_dates_as_text(self, cells: list[object]) -> None:
        schema = schema_of(column("seen", "datetime", identifier="date", protection="generalise"))
        table, _ = protect(pd.DataFrame({"seen": cells}), schema)
        assert table["seen"].tolist()[:2] == [2019, 2020]
        assert np.isnan(table["seen"].iloc[2])

    def test_a_date_without_a_year_is_an_error_without_its_value(self) -> None:
        schema = schema_of(column("seen", "datetime", protection="generalise"))
        with pytest.raises(TableError, match="column 'seen'") as error:
            protect(pd.DataFrame({"seen": ["03/04/19", "05/06/20"]}), schema)
        assert "03/04" not in str(error.value)

    def test_missing_codes_are_no_years_and_no_postcodes(self) -> None:
        schema = schema_of(
            column("seen", "datetime", protection="generalise", missing=("unknown",)),
            column("zip", "identifier", identifier="postcode", protection="generalise",
                   missing=(-9,)),
        )  # fmt: skip
        rows = {"seen": ["2019-01-02", "unknown"], "zip": [10001, -9]}
        table, _ = protect(pd.DataFrame(rows), schema)
        assert table["seen"].iloc[0] == 2019
        assert table.isna().iloc[1].all()

    def test_ages_in_months(self) -> None:
        schema = schema_of(
            column("age", "count", identifier="age over 89", unit="mo", protection="generalise")
        )
        assert protect(pd.DataFrame({"age": [1079, 1081]}), schema)[0]["age"].tolist() == [
            1079,
            1080,
        ]

    def test_the_age_that_demographics_name(self) -> None:
        schema = schema_of(
            column("years", "count", protection="generalise"),
            demographics=Demographics(age="years"),
        )
        assert protect(pd.DataFrame({"years": [95, 40]}), schema)[0]["years"].tolist() == [90, 40]

    def test_missing_codes_of_an_age_stay(self) -> None:
        schema = schema_of(
            column(
                "age", "count", identifier="age over 89", missing=(999,), protection="generalise"
            )
        )
        table, left = protect(pd.DataFrame({"age": [95, 999, 40]}), schema)
        assert table["age"].tolist() == [90, 999, 40]
        assert left["age"].missing == (999,)

    def test_ages_as_text(self) -> None:
        schema = schema_of(
            column(
                "age",
                "count",
                identifier="age over 89",
                notation=Notation(suffix=" years"),
                protection="generalise",
            )
        )
        table, left = protect(pd.DataFrame({"age": ["95 years", "40 years"]}), schema)
        assert table["age"].tolist() == [90, 40]
        assert left["age"].notation is None

    def test_two_digit_years_are_read_by_the_declared_format(self) -> None:
        schema = schema_of(
            column(
                "seen", "datetime", notation=Notation(dates=("%d.%m.%y",)), protection="generalise"
            )
        )
        table, _ = protect(pd.DataFrame({"seen": ["03.04.19", "05.06.20"]}), schema)
        assert table["seen"].tolist() == [2019, 2020]

    def test_a_rule_on_a_dropped_column_is_refused(self) -> None:
        schema = schema_of(
            column("a", "continuous", protection="drop"),
            column("b", "continuous"),
            rules=("a > b",),
        )
        with pytest.raises(SchemaError, match="rule 'a > b' needs 'a'"):
            protect(pd.DataFrame({"a": [2.0], "b": [1.0]}), schema)

    def test_a_name_cannot_be_generalised(self) -> None:
        schema = schema_of(column("name", "identifier", identifier="name", protection="generalise"))
        with pytest.raises(SchemaError, match="column 'name': only dates, ages and postcodes"):
            protect(TABLE[["name"]], schema)

    def test_demographics_forget_what_is_gone(self) -> None:
        schema = schema_of(
            column("crp", "continuous"),
            column("sex", "nominal", protection="drop"),
            demographics=Demographics(sex="sex", female="F", male="M"),
        )
        _, left = protect(pd.DataFrame({"crp": [1.0], "sex": ["F"]}), schema)
        assert left.demographics == Demographics()

    def test_a_synthetic_table_lacks_what_was_dropped(self) -> None:
        table, _ = protect(TABLE[["crp", "seen", "age"]], SCHEMA.with_protection("drop"))
        assert list(table.columns) == ["crp", "seen", "age"]


class TestWithProtection:
    def test_keeps_what_was_chosen(self) -> None:
        schema = schema_of(
            column("mrn", "identifier", protection="fake"), column("note", "text")
        ).with_protection("drop")
        assert schema["mrn"].protection is Protection.FAKE
        assert schema["note"].protection is Protection.DROP

    def test_unknown_choice(self) -> None:
        with pytest.raises(SchemaError, match="choose one of drop, fake, generalise"):
            SCHEMA.with_protection("hide")

    def test_drop_leaves_modelled_columns_alone(self) -> None:
        schema = SCHEMA.with_protection("drop")
        assert schema["seen"].protection is None
        assert schema["age"].protection is None


class TestFakes:
    @pytest.fixture
    def learned(self) -> Schema:
        return learn_fakes(TABLE, SCHEMA.with_protection("fake"))

    @pytest.fixture
    def plain(self) -> pd.DataFrame:
        return pd.DataFrame({"crp": np.zeros(3000), "seen": 0, "age": 50})

    def test_stand_in_their_places(self, learned: Schema, plain: pd.DataFrame) -> None:
        table = add_fakes(plain, learned, 0)
        assert list(table.columns) == SCHEMA.names
        assert table["mrn"].str.fullmatch(r"MRN-\d{4}").all()
        assert table["name"].str.fullmatch(r"[^\W\d]+, [^\W\d]+").all()
        assert table["zip"].dtype == np.int64

    def test_are_unique(self, learned: Schema, plain: pd.DataFrame) -> None:
        assert add_fakes(plain, learned, 0)["mrn"].is_unique

    def test_grow_a_digit_when_the_form_is_full(self, learned: Schema) -> None:
        codes = add_fakes(pd.DataFrame({"crp": np.zeros(12_000)}), learned, 0)["mrn"]
        assert codes.is_unique
        assert set(codes.str.len()) == {8, 9}

    def test_chunks_are_the_whole(self, learned: Schema, plain: pd.DataFrame) -> None:
        whole = add_fakes(plain, learned, 5)
        chunks = [
            add_fakes(plain.iloc[start : start + 700], learned, 5, first_row=start)
            for start in range(0, len(plain), 700)
        ]
        pd.testing.assert_frame_equal(pd.concat(chunks), whole)

    def test_follow_the_seed(self, learned: Schema, plain: pd.DataFrame) -> None:
        first, again, other = (add_fakes(plain, learned, seed) for seed in (1, 1, 2))
        pd.testing.assert_frame_equal(first, again)
        assert (first["mrn"] != other["mrn"]).mean() > 0.9

    def test_are_the_same_in_any_process(self) -> None:
        form = "{First} {Last} 'X'9a#"
        code = (
            "import sys; from synthhealth.schema.identifiers.patterns import Pattern;"
            "print(Pattern.parse(sys.argv[1]).fill(3, 4, key='k'))"
        )
        elsewhere = subprocess.run(
            [sys.executable, "-c", code, form],
            env={"PYTHONHASHSEED": "1", "PATH": "", "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, check=True, text=True,
        ).stdout  # fmt: skip
        assert elsewhere == f"{Pattern.parse(form).fill(3, 4, key='k')}\n"

    def test_learn_no_value(self) -> None:
        schema = learn_fakes(TABLE, SCHEMA.with_protection("fake"))
        patterns = {c.name: c.pattern for c in schema if c.pattern}
        assert patterns == {"mrn": "'MRN'-9999", "name": "{Last}, {First}", "zip": "#9999"}

    @pytest.mark.parametrize(
        ("identifier", "real", "form"),
        [
            ("e-mail address", "a@b.org", r"[\w.'-]+\d\d@example\.org"),
            ("web address", "http://b.org", r"https://example\.org/\d{6}"),
            ("IP address", "10.1.2.3", r"10\.\d\.\d\d\.\d\d"),
            ("telephone number", "+20 10 1234", r"\+\d\d \d\d \d{4}"),
            ("address", "5 High Street", r"\d\d [\w' ]+"),
            ("place", "Giza", r"[\w' ]+"),
            ("unique code", "aB-07", r"[a-z][A-Z]-\d\d"),
        ],
    )
    def test_of_every_identifier(self, identifier: str, real: str, form: str) -> None:
        schema = schema_of(
            column("crp", "continuous"),
            column("x", "identifier", identifier=identifier, protection="fake"),
        )
        learned = learn_fakes(pd.DataFrame({"crp": [1.0], "x": [real]}), schema)
        fakes = add_fakes(pd.DataFrame({"crp": np.zeros(50)}), learned, 0)["x"]
        assert fakes.str.fullmatch(form).all(), fakes.iloc[0]

    @pytest.mark.parametrize("notation", [None, Notation(dates=("%d.%m.%Y",))])
    def test_dates(self, notation: Notation | None) -> None:
        schema = schema_of(
            column("crp", "continuous"),
            column("born", "datetime", identifier="date", protection="fake", notation=notation),
        )
        fakes = add_fakes(pd.DataFrame({"crp": np.zeros(500)}), schema, 0)["born"]
        dates = pd.to_datetime(fakes, format="%d.%m.%Y" if notation else None)
        assert pd.api.types.is_datetime64_any_dtype(fakes) == (notation is None)
        assert dates.dt.year.between(1930, 2019).all()
        assert dates.nunique() > 400

    def test_ages_have_none(self) -> None:
        schema = schema_of(column("age", "count", identifier="age over 89", protection="fake"))
        with pytest.raises(SchemaError, match="ages have no fakes"):
            learn_fakes(pd.DataFrame({"age": [91, 92]}), schema)

    def test_free_text_is_made_up(self) -> None:
        schema = schema_of(column("crp", "continuous"), column("note", "text", protection="fake"))
        real = pd.DataFrame({"crp": [1.0], "note": ["The patient fell down the stairs."]})
        fakes = add_fakes(real[["crp"]], learn_fakes(real, schema), 0)
        assert fakes["note"].str.endswith(".").all()
        assert not set(fakes["note"]) & set(real["note"])


class TestPattern:
    @pytest.mark.parametrize(
        ("values", "pattern"),
        [
            (["AB-1234", "CD-0099"], "AA-9999"),
            ([f"S{i}" for i in "13579"], "'S'9"),
            (["1/2", "3/4", "x"], "9/9"),
            (["it's 5"], "aa''''a 9"),
            (["É1", "Z9"], "A9"),
            (["#12", "#34"], "'#'99"),
        ],
    )
    def test_of_values(self, values: list[str], pattern: str) -> None:
        assert pattern_of(values) == pattern
        Pattern.parse(pattern)

    @pytest.mark.parametrize("pattern", ["", "MRN", "A-7", "{Animal}", "'open"])
    def test_refused(self, pattern: str) -> None:
        with pytest.raises(SchemaError):
            Pattern.parse(pattern)

    @pytest.mark.parametrize("pattern", ["9", "A", "AA-9999", "#9", "{First}9", "99999999999999"])
    def test_no_code_comes_twice(self, pattern: str) -> None:
        n = 26 if pattern == "A" else 5000
        codes = Pattern.parse(pattern).fill(0, n, key="k")
        assert len(set(codes)) == n

    def test_whole_numbers_have_no_leading_zero(self) -> None:
        assert all(code[0] != "0" for code in Pattern.parse("#99").fill(0, 5000, key="k"))
