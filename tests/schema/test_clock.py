"""Times of day and durations: read as minutes, written in their form."""

from __future__ import annotations

import re
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

import synthhealth as sh
from synthhealth.cells.clock import infer_clock, is_clock_form, read_clock, write_clock
from synthhealth.cells.digits import from_latin
from synthhealth.errors import SchemaError, TableError
from synthhealth.schema import Column, identifier_in, propose, read_column, write_column
from synthhealth.schema.reading.times import infer_times, parse_times, print_times

INPUTS = Path(__file__).parents[2] / ".." / "shared" / "inputs"

TIMES = (
    "%H:%M",
    "%-H:%M",
    "%H:%M:%S",
    "%I:%M %p",
    "%-I:%M:%S %#p",
    "%-I:%M%p",
    "%H.%M Uhr",
    "%Hh%M",
    "%h:%M",
    "%-h:%M",
    "%-h:%M:%S",
    "[%-hh][ %-Mm]",
    "[%-h Std.][ %-M Min.]",
    "[%-hh][ %-Mmin][ %-Ss]",
    "[%-h ساعة][ %-M دقيقة]",
    "PT[%-hH][%-MM]",
    "PT[%-hH][%-MM][%-SS]",
)
#: One of each hour, with and without minutes and seconds.
EVERY_HOUR = [60 * hour + minute + (7 / 60) for hour in range(24) for minute in (0, hour + 9)]


def infer(cells):
    return infer_times(cells, np.ones(len(cells), dtype=np.int64))


@pytest.mark.parametrize("form", TIMES)
@settings(max_examples=10)
@given(
    seconds=st.lists(st.integers(0, 86_399), max_size=9),
    digits=st.sampled_from(["latin", "arabic", "persian"]),
    language=st.sampled_from(["en", "ar"]),
)
def test_every_form_comes_back(form, seconds, digits, language):
    language = language if "%p" in form else "en"
    minutes = [*EVERY_HOUR, *[one / 60 for one in seconds]]
    if "%h" in form or "%-h" in form:
        minutes += [27 * 60 + 15, 126 * 60 + 30]
    cells = dict.fromkeys(from_latin(write_clock(one, form, language), digits) for one in minutes)
    found = infer(list(cells))
    assert found.notation.clock == form
    assert (found.notation.digits, found.notation.language) == (digits, language)
    assert (found.others.odd, found.others.missing, found.doubts) == (0, (), ())
    read = parse_times(list(cells), form)
    assert print_times(read, found.notation) == list(cells)
    unit = 60 if "%S" in form or "%-S" in form else 1
    last = np.inf if "%h" in form or "%-h" in form else 1440 * unit - 1
    expected = {min(round(one * unit), last) for one in minutes}
    assert {round(one * unit) for one in read.tolist()} == expected
    assert found.decimals == (None if unit == 60 else 0)


@pytest.mark.parametrize(
    ("cell", "form", "minutes"),
    [
        ("12:05 AM", "%-I:%M %p", 5),
        ("12:05 PM", "%-I:%M %p", 725),
        ("٢:٠٦ م", "%-I:%M %p", 846),
        ("90 min", "[%-h h][ %-M min]", 90),
        ("1 h 30 min", "[%-hh][ %-Mm]", 90),
        ("PT1H30M", "[%-hh][ %-Mm]", 90),
        ("9:05", "%H:%M", 545),
        ("24:00", "%H:%M", None),
        ("12:75", "%H:%M", None),
        ("13:05 PM", "%I:%M %p", None),
        ("8.30", "%H:%M", None),
        ("1:80", "%h:%M", None),
        ("", "%H:%M", None),
    ],
)
def test_single_cells(cell, form, minutes):
    assert read_clock(cell, form) == minutes


def test_a_time_of_day_stays_within_the_day():
    assert write_clock(-3, "%H:%M") == "00:00"
    assert write_clock(1439.6, "%H:%M") == "23:59"
    assert write_clock(2000, "%H:%M:%S") == "23:59:59"
    assert write_clock(2000, "%h:%M") == "33:20"
    assert write_clock(0, "[%-hh][ %-Mm]") == "0m"


@pytest.mark.parametrize("form", ["%H", "%H:%H:%M", "%I:%M", "%Y:%M", "%H:%h:%M", "[]%H:%M", "%"])
def test_what_is_no_form(form):
    assert not is_clock_form(form)
    with pytest.raises(SchemaError, match="not a form of times"):
        read_column(
            pd.Series(["12:30"]), Column(name="t", kind="continuous", notation={"clock": form})
        )


@pytest.mark.parametrize(
    "cells", [["1.5", "2.30"], ["5 m", "12 m"], ["1:80", "1:160"], ["12/30"], ["late", "early"]]
)
def test_what_is_no_time(cells):
    assert infer_clock(cells, [1] * len(cells)) is None


def times(n, *, step=37):
    return [write_clock(step * i % 1440, "%H:%M") for i in range(n)]


def test_durations_of_more_than_a_day_make_no_times_of_day():
    mostly = [*times(300), "24:00", "72:30"]
    found = infer(mostly)
    assert (found.notation.clock, found.others.odd) == ("%H:%M", 2)
    assert (found.plausible.low, found.plausible.high) == (0, 1440)
    long = [f"{i % 40}:{i % 60:02d}" for i in range(200)]
    found = infer(list(dict.fromkeys(long)))
    assert (found.notation.clock, found.plausible) == ("%-h:%M", None)


def test_titres_are_no_times():
    cells = ["1:10", "1:20", "1:40", "1:80", "1:160"] * 8
    assert propose(pd.DataFrame({"ana": cells})).schema["ana"].kind.value == "ordinal"


def test_others_count_as_missing_or_are_codes():
    cells = pd.Series([*times(80), *["in the morning"] * 6, "about 9", "25:99"], name="arrival")
    found = propose(pd.DataFrame({"arrival": cells}))
    column = found.schema["arrival"]
    assert column.missing == ("in the morning",)
    assert sorted(doubt.weight for doubt in found.findings[0].doubts) == [2, 3]
    assert not any("about" in doubt for doubt in found.findings[0].doubts)
    read = read_column(cells, column)
    assert read.missing.tolist() == [0] * 80 + [2] * 6 + [1] * 2
    assert read.odd == 2
    written = write_column(
        read.values, column, missing=read.missing, censored=None, dtype=cells.dtype
    )
    assert written[:86].tolist() == cells[:86].tolist()


def test_a_column_of_some_times_is_refused():
    cells = [*times(60), *[f"after visit {i}" for i in range(40)]]
    table = pd.DataFrame({"arrival": cells, "age": range(100)})
    found = propose(table)
    assert found.findings[0].doubts[0].weight == 3
    with pytest.raises(TableError, match="'arrival': 40 values are not times"):
        sh.Synthesizer("gaussian_copula", schema=found.schema).fit(table)


def test_a_declared_number_is_read_as_the_time_that_it_is():
    column = Column(name="arrival", kind="continuous")
    read = read_column(pd.Series(["12:18", "00:05", None]), column)
    assert read.values[:2].tolist() == [738, 5]


def test_times_are_no_codes_of_a_patient():
    for form in ("%H:%M:%S", "%-I:%M %p", "[%-hh][ %-Mm]", "PT[%-hH][%-MM]"):
        cells = dict.fromkeys(write_clock(17.31 * i, form) for i in range(1, 80))
        assert identifier_in("arrival", pd.Series(list(cells))) is None


def test_times_of_the_input_file():
    if not (INPUTS / "c02_time_of_day.csv").exists():
        pytest.skip("c02_time_of_day.csv is not beside the checkout")
    table = sh.read_table(INPUTS / "c02_time_of_day.csv")
    schema = propose(table).with_protection("drop").schema
    model = sh.Synthesizer("gaussian_copula", schema=schema, random_state=0).fit(table)
    synthetic = model.sample(60)
    for name, form in {
        "arrival": r"([01]\d|2[0-3]):[0-5]\d",
        "arr_s": r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d",
        "arr_pm": r"([1-9]|1[0-2]):[0-5]\d [AP]M",
    }.items():
        assert (schema[name].kind.value, schema[name].unit) == ("continuous", "min")
        assert read_column(table[name], schema[name]).values.between(0, 1440).all()
        assert all(re.fullmatch(form, cell) for cell in synthetic[name])
        assert synthetic[name].nunique() > 30
    assert model.sample(3, conditions={"arrival": "12:18"})["arrival"].tolist() == ["12:18"] * 3
