"""Dates in every form and language, those that are none, and those that are far from all others."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import synthhealth as sh
from synthhealth.cells.dates import is_format, write_date
from synthhealth.cells.digits import from_latin
from synthhealth.cells.months import LANGUAGES, month_name, month_of
from synthhealth.errors import TableError
from synthhealth.schema import Column, Schema, propose, read_column, scan
from synthhealth.schema.reading.cells import Texts
from synthhealth.schema.reading.date_form import far_from_all, infer_dates
from synthhealth.schema.reading.dates import parse_dates, print_dates

INPUTS = Path(__file__).parents[2] / ".." / "shared" / "inputs"

#: One day of each month, none of which could be a month, and one of a single digit.
EVERY_MONTH = [datetime(2021, month, 12 + month, month, 59 - month, 7) for month in range(1, 13)]
EVERY_MONTH.append(datetime(2022, 4, 5, 6, 7, 8))
WITHOUT_NAMES = (
    "%Y-%m-%d",
    "%Y/%-m/%-d",
    "%d.%m.%Y",
    "%-d.%-m.%Y",
    "%m/%d/%Y",
    "%d-%m-%y",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%Y%m%dT%H%M",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%3fZ",
    "%Y-%m-%d %H:%M:%S.%f+02:00",
    "%Y-%m-%d %H:%M:%S+02",
    "%d.%m.%Y %H.%M",
    "%d.%m.%Y, %-H:%M",
    "%m/%d/%Y %I:%M %p",
    "%-m/%-d/%y %-I:%M:%S %#p",
)
WITH_NAMES = (
    "%d %B %Y",
    "%-d. %B %Y",
    "%d-%^b-%y",
    "%d%^b%Y",
    "%d%#b%Y",
    "%d%^b%Y:%H:%M:%S",
    "%d de %#B de %Y",
    "%B %-d, %Y",
    "%d. %b. %Y",
    "%b %d %Y",
)


def infer(cells):
    return infer_dates(Texts.of(cells, [1] * len(cells)))


def moments_of(days):
    return np.array(days, dtype="datetime64[us]")


def comes_back(days, dates, language="en", digits="latin"):
    """Whether dates that are written in a form are recognised, read, and written so again."""
    cells = list(
        dict.fromkeys(from_latin(write_date(day, dates, language), digits) for day in days)
    )
    form = infer(cells)
    assert form.formats == (dates,)
    assert form.others.odd == form.others.coded == 0
    read = parse_dates(cells, form.formats)
    assert not np.isnat(read).any()
    assert print_dates(read, form.notation) == cells
    return form, read


moments = st.lists(
    st.datetimes(datetime(1995, 1, 1), datetime(2045, 12, 31)).map(
        lambda day: day.replace(microsecond=day.microsecond // 1000 * 1000)
    ),
    max_size=8,
)


@pytest.mark.parametrize("dates", WITHOUT_NAMES)
@settings(max_examples=10)
@given(days=moments, digits=st.sampled_from(["latin", "arabic", "persian"]))
def test_every_form_of_numbers_comes_back(dates, days, digits):
    form, read = comes_back([*EVERY_MONTH, *days], dates, digits=digits)
    assert form.notation.digits == digits
    assert read[0].astype("datetime64[D]") == np.datetime64("2021-01-13")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dates", WITH_NAMES)
@settings(max_examples=4)
@given(days=moments)
def test_every_form_with_names_comes_back_in_every_language(dates, language, days):
    if not dates.isascii() or language.startswith("ar"):
        # Arabic has no capitals and no short names.
        dates = dates.replace("^", "").replace("#", "").replace("%b", "%B")
    if language == "ar-levant" and re.search(r"%d%B|%B\d|\. %B\.", dates):
        return  # names of two words stand apart
    form, read = comes_back([*EVERY_MONTH, *days], dates, language)
    assert form.notation.language == language
    assert read[1].astype("datetime64[D]") == np.datetime64("2021-02-14")


def test_names_of_months_contradict_each_other_in_no_language():
    for language in LANGUAGES:
        for month in range(1, 13):
            for short in (False, True):
                assert month_of(month_name(month, language, short=short)) == month
                assert month_of(month_name(month, language, short=short).lower()) == month


@pytest.mark.parametrize(
    ("cells", "formats", "first"),
    [
        (["2021-W05", "2020-W53", "2020-W01"], ("%G-W%V",), "2021-02-01"),
        (["2021-W05-3", "2020-W10-7"], ("%G-W%V-%u",), "2021-02-03"),
        (["03/2021", "12/2020"], ("%m/%Y",), "2021-03-01"),
        (["Mar 2021", "Dec 2020"], ("%b %Y",), "2021-03-01"),
        (["1er mars 2023", "12 avril 2023"], ("%-d %#B %Y",), "2023-03-01"),
        (["March 1st, 2023", "April 22nd, 2023"], ("%B %-d, %Y",), "2023-03-01"),
        (["25/02/2023 08:44\u202fAM", "1/12/2023 11:05\u202fPM"], None, "2023-02-25"),
        (["\u200f٢٥/٠٢/٢٠٢٣", "٠١/١٢/٢٠٢٣"], ("%d/%m/%Y",), "2023-02-25"),
    ],
)
def test_other_forms(cells, formats, first):
    form = infer(cells)
    assert formats is None or form.formats == formats
    read = parse_dates(cells, form.formats)
    assert read[0].astype("datetime64[D]") == np.datetime64(first)
    assert not np.isnat(read).any()


def test_a_week_without_end_of_year_is_no_week():
    assert np.isnat(parse_dates(["2021-W53"], ["%G-W%V"]))  # 2021 has 52
    assert not np.isnat(parse_dates(["2020-W53"], ["%G-W%V"]))


@pytest.mark.parametrize("dates", ["%d", "%H:%M", "%d.%d.%Y", "%q", "%Y-%^m", "%G", "%", "%^Y"])
def test_what_is_no_format(dates):
    assert not is_format(dates)


def full_dates(n, *, start="2021-01-01", form="%d/%m/%Y"):
    days = pd.date_range(start, periods=n, freq="3D")
    return [day.strftime(form) for day in days]


@pytest.mark.parametrize(
    "odd",
    ["2021", "03/2021", "UNK-MAR-2021", "31/02/2021", "12/13/2o22", "0000-00-00", "2021-W05", "?!"],
)
def test_from_four_fifths_on_the_others_are_missing(odd):
    column = pd.Series([*full_dates(96), *[odd] * 4], name="visit")
    found = propose(pd.DataFrame({"visit": column}))
    schema = found.schema["visit"]
    assert schema.kind.value == "datetime"
    assert schema.notation.dates == ("%d/%m/%Y",)
    heavy = [doubt for doubt in found.findings[0].doubts if getattr(doubt, "weight", 0) == 3]
    assert [doubt.settle for doubt in heavy] == ["kind: nominal"]
    assert heavy[0].startswith("4 of 100 cells")
    assert not any(odd in doubt for doubt in found.findings[0].doubts)
    read = read_column(column, schema)
    assert (int(read.values.isna().sum()), read.odd) == (4, 4)
    assert read.missing.tolist() == [0] * 96 + [1] * 4


@pytest.mark.parametrize("share", [0.3, 0.6, 0.79])
def test_a_column_of_some_dates_is_refused_with_what_to_declare(share):
    n = 200
    dates = full_dates(round(n * share))
    others = [f"phase {i % 7} of {i}" for i in range(n - len(dates))]
    table = pd.DataFrame({"seen": [*dates, *others], "age": range(n)})
    found = propose(table)
    assert found.schema["seen"].kind.value == "datetime"
    doubt = found.findings[0].doubts[0]
    assert doubt.weight == 3
    assert doubt.settle == "kind: nominal"
    assert f"only {share:.0%}" in doubt
    with pytest.raises(TableError, match=r"column 'seen': .* declare their text as missing"):
        sh.Synthesizer("gaussian_copula", schema=found.schema).fit(table)


def test_fewer_dates_than_a_fifth_are_no_column_of_dates():
    others = [f"phase {i % 7} of {i}" for i in range(81)]
    table = pd.DataFrame({"seen": [*full_dates(19), *others]})
    assert Schema.detect(table)["seen"].kind.value == "text"


def test_words_that_many_rows_share_are_codes_and_come_back():
    cells = pd.Series([*full_dates(40), *["alive"] * 60, *["0000-00-00"] * 5, "gone away"])
    column = propose(pd.DataFrame({"death": cells})).schema["death"]
    assert column.missing == ("alive", "0000-00-00")
    read = read_column(cells, column)
    assert read.odd == 1
    written = sh.schema.write_column(
        read.values, column, missing=read.missing, censored=None, dtype=cells.dtype
    )
    assert written[:105].tolist() == cells[:105].tolist()
    assert pd.isna(written[105])


def test_dates_of_two_precisions_can_be_declared():
    cells = pd.Series([*full_dates(60), *["03/2021"] * 40], name="seen")
    column = Column(name="seen", kind="datetime", notation={"dates": ["%d/%m/%Y", "%m/%Y"]})
    read = read_column(cells, column)
    assert read.odd == 0
    assert read.values[99] == pd.Timestamp("2021-03-01")


@pytest.mark.parametrize(
    "none",
    ["9999-12-31", "1900-01-01", "0001-01-01", "1753-01-01", "2099-12-31", "1899-12-30"],
)
@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d/%m/%Y"])
def test_a_repeated_far_date_is_a_code(none, form):
    code = write_date(datetime.fromisoformat(none), form)
    cells = pd.Series([*full_dates(60, form=form), *[code] * 90], name="until")
    found = propose(pd.DataFrame({"until": cells}))
    column = found.schema["until"]
    assert column.missing == (code,)
    assert found.findings[0].doubts[0].settle == f"missing: ['{code}']"
    read = read_column(cells, column)
    assert read.values.dropna().dt.year.between(2021, 2022).all()
    assert read.missing.tolist() == [0] * 60 + [2] * 90
    assert read.odd == 0


@pytest.mark.parametrize("slip", ["9999-12-31", "1900-01-01", "2121-03-04", "1921-03-04"])
def test_a_single_far_date_is_missing_with_a_doubt(slip):
    cells = pd.Series([*full_dates(60, form="%Y-%m-%d"), slip], name="seen")
    found = propose(pd.DataFrame({"seen": cells}))
    assert found.schema["seen"].missing == ()
    assert found.findings[0].doubts[0].weight == 3
    assert "1 of 61 cells" in found.findings[0].doubts[0]
    assert not any(slip in doubt for doubt in found.findings[0].doubts)
    read = read_column(cells, found.schema["seen"])
    assert read.odd == 1
    assert pd.isna(read.values[60])
    moments = pd.Series([*pd.to_datetime(cells[:60]).tolist(), pd.Timestamp("1900-01-01")])
    assert read_column(moments, Column(name="seen", kind="datetime")).odd == 1


def test_what_is_not_far():
    births = moments_of([date(1921, 1, 1) + timedelta(days=431 * i) for i in range(80)])
    assert not far_from_all(births).any()
    # Many dates of another century are a history of their own.
    old = moments_of([date(1890, 1, 1) + timedelta(days=31 * i) for i in range(40)])
    new = moments_of([date(2015, 1, 1) + timedelta(days=31 * i) for i in range(60)])
    assert not far_from_all(np.concatenate([old, new])).any()
    assert not far_from_all(moments_of(["2021-01-01", "9999-12-31", "NaT"])).any()


@pytest.mark.parametrize(
    ("name", "dates", "numbers"),
    [
        ("created_ts", "epoch", 1_600_000_000 + 86_461 * np.arange(60)),
        ("time_ms", "epoch_ms", 1_600_000_000_000 + 86_461_000 * np.arange(60)),
        ("visit_date", "excel", 44_000 + np.arange(60)),
    ],
)
def test_numbers_that_count_time(name, dates, numbers):
    column = propose(pd.DataFrame({name: numbers})).schema[name]
    assert column.kind.value == "datetime"
    assert column.notation.dates == (dates,)
    values = pd.Series(numbers, name=name)
    read = read_column(values, column)
    assert read.values.dt.year.between(2020, 2020).all()
    again = sh.schema.write_column(
        read.values, column, missing=None, censored=None, dtype=values.dtype
    )
    assert again.tolist() == numbers.tolist()
    # Only a name makes numbers a time.
    assert propose(pd.DataFrame({"platelets": numbers})).schema["platelets"].kind.value == "count"


def test_compact_numbers_with_a_code_and_a_slip():
    days = [int(day) for day in full_dates(60, form="%Y%m%d")]
    values = pd.Series([*days, *[99991231] * 9, 20210231], name="visit_date")
    found = propose(pd.DataFrame({"visit_date": values}))
    column = found.schema["visit_date"]
    assert (column.kind.value, column.missing) == ("datetime", (99991231,))
    read = read_column(values, column)
    assert read.missing.tolist() == [0] * 60 + [2] * 9 + [1]
    assert read.odd == 1


@pytest.mark.parametrize("dates", ["%d%^b%Y:%H:%M:%S", "%-d. %B %Y", "%d-%^b-%y"])
def test_dates_are_on_the_checklist_and_become_years(dates):
    language = "de" if "B" in dates else "en"
    days = [datetime(2019, 3, 4, 5, 6) + timedelta(days=40 * i) for i in range(40)]
    table = pd.DataFrame({"seen": [write_date(day, dates, language) for day in days]})
    assert [row.paragraph for row in scan(table).found] == ["C"]
    schema = propose(table).with_protection("generalise").schema
    from synthhealth.schema.identifiers.protection import protect

    years = protect(table, schema)[0]["seen"].tolist()
    assert years == [day.year for day in days]


# -- the input files -------------------------------------------------------------------------------


def fitted(file):
    """Ten and more synthetic rows of an input file, its schema and the file itself."""
    if not (INPUTS / file).exists():
        pytest.skip(f"{file} is not beside the checkout")
    table = sh.read_table(INPUTS / file)
    schema = propose(table).with_protection("drop").schema
    model = sh.Synthesizer("gaussian_copula", schema=schema, random_state=0).fit(table)
    return table, schema, model.sample(60, random_state=1)


@pytest.fixture(scope="module")
def forms():
    return fitted("c19_dates_forms.csv")


FORMS = {
    "sas9": r"\d\d[A-Z]{3}202[1-4]",
    "sasdt": r"\d\d[A-Z]{3}202[1-4](:\d\d){3}",
    "ora": r"\d\d-[A-Z]{3}-2[1-4]",
    "iso_z": r"202[1-4]-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "iso_off": r"202[1-4]-\d\d-\d\dT\d\d:\d\d:\d\d\+0[23]:00",
    "us": r"\d\d/\d\d/202[1-4] \d\d:\d\d [AP]M",
    "dotshort": r"\d\d\.\d\d\.2[1-4]",
    "de": r"\d{1,2}\. (Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November"
    r"|Dezember) 202[1-4]",
    "epoch_ms": r"16\d{11}",
    "epoch_s": r"16\d{8}",
    "excel": r"4[45]\d{3}",
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_the_input_file(forms, name):
    table, schema, synthetic = forms
    assert schema[name].kind.value == "datetime"
    read = read_column(table[name], schema[name]).values
    assert read.notna().all()
    assert read.min() >= pd.Timestamp("2022-01-01")
    assert read.max() <= pd.Timestamp("2023-12-31")
    for cell in synthetic[name].astype(str):
        assert re.fullmatch(FORMS[name], cell), cell


def test_far_dates_of_the_input_file():
    table, schema, synthetic = fitted("c18_dates_far.csv")
    codes = {
        "valid_to": "9999-12-31",
        "death": "1900-01-01",
        "null1": "0001-01-01",
        "d1753": "01/01/1753",
        "zero": "0000-00-00",
    }
    for name, code in codes.items():
        assert schema[name].kind.value == "datetime"
        assert schema[name].missing == (code,)
        read = read_column(table[name], schema[name])
        assert int(read.values.isna().sum()) == int((table[name] == code).sum())
        share = float((table[name] == code).mean())
        assert abs(float((synthetic[name] == code).mean()) - share) < 0.2
        others = synthetic[name][synthetic[name] != code]
        assert others.str.contains("202[1-4]").all()


@pytest.mark.parametrize("file", ["e02_date_typo.csv", "e02_date_zero.csv"])
def test_one_bad_date_of_the_input_file(file):
    table, schema, synthetic = fitted(file)
    assert schema["visit"].kind.value == "datetime"
    assert schema["visit"].notation.dates == ("%d/%m/%Y",)
    assert read_column(table["visit"], schema["visit"]).odd == 1
    assert synthetic["visit"].dropna().str.fullmatch(r"\d\d/\d\d/202[1-4]").all()
    assert synthetic["visit"].isna().mean() < 0.1


def test_arabic_dates_and_pressures_of_the_input_file():
    table, schema, synthetic = fitted("a07_arabic_digit_dates_bp.csv")
    seen, pressure = schema["التاريخ"], schema["الضغط"]
    assert (seen.kind.value, seen.notation.digits) == ("datetime", "arabic")
    assert (pressure.kind.value, pressure.joined) == ("count", "/")
    assert read_column(table["التاريخ"], seen).values.dt.year.between(2022, 2024).all()
    assert synthetic["التاريخ"].str.fullmatch("[٠-٩]{2}/[٠-٩]{2}/٢٠٢[١-٤]").all()
    assert synthetic["الضغط"].dropna().str.fullmatch("[٠-٩]{2,3}/[٠-٩]{2,3}").all()
