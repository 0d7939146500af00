from __future__ import annotations

import hashlib
import hmac
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthhealth.artifact import read_key, sample_digest, table_digest
from synthhealth.artifact.digest import BLOCK_ROWS
from synthhealth.errors import FileError, ParameterError
from synthhealth.io import FileForm, read_table, write_table
from synthhealth.testing import awkward_table

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))


def written_by_hand(**columns: list[str]) -> bytes:
    """The canonical form of a table whose cells are written already."""
    digests = [
        [name, hashlib.sha256("".join(f"{cell}\n" for cell in cells).encode()).hexdigest()]
        for name, cells in columns.items()
    ]
    rows = len(next(iter(columns.values())))
    form = {"form": 1, "rows": rows, "columns": digests}
    return json.dumps(form, separators=(",", ":")).encode()


def test_form_is_the_one_that_is_documented():
    table = pd.DataFrame(
        {
            "crp": [3.0, 0.1, None, 1e-7, 1e300],
            "n": [1, -2, 3, 4, 2**62],
            "sex": ["F", "Ä\n", "", "NA", ' "'],
            "on": [True, False, True, True, False],
            "code": ["007", "7.0", "+3", "1E5", "TRUE"],
            "day": pd.to_datetime(
                ["2024-01-31", "2024-01-31 08:30:00.5", None, "1999-01-01", "1999-01-01"],
                format="ISO8601",
            ),
        }
    )
    form = written_by_hand(
        crp=["3", "0.1", "null", "1e-07", "1e+300"],
        n=["1", "-2", "3", "4", str(2**62)],
        sex=['"F"', r'"\u00c4\n"', "null", "null", r'" \""'],
        on=["true", "false", "true", "true", "false"],
        code=['"007"', "7", "3", "100000", "true"],
        day=['"2024-01-31"', '"2024-01-31T08:30:00.5"', "null", '"1999-01-01"', '"1999-01-01"'],
    )
    assert table_digest(table, KEY) == hmac.new(KEY, form, hashlib.sha256).hexdigest()
    assert sample_digest(table) == hashlib.sha256(form).hexdigest()


def test_instants():
    zoned = pd.Series(pd.to_datetime(["2024-07-31 08:30", "2024-01-31 00:00"])).dt.tz_localize(
        "Africa/Cairo"
    )
    form = written_by_hand(seen=['"2024-07-31T05:30:00Z"', '"2024-01-30T22:00:00Z"'])
    for seen in (
        zoned,
        zoned.astype(str),
        zoned.dt.tz_convert("Asia/Tokyo"),
        zoned.astype(object),
        pd.Series(["2024-07-31T05:30:00.000Z", "2024-01-31T00:00:00+0200"]),
    ):
        assert sample_digest(pd.DataFrame({"seen": seen})) == hashlib.sha256(form).hexdigest()


@pytest.mark.parametrize("text", ["2024-02-30", "2024-01-31 25:00", "0001-01-01T00:00+01:00"])
def test_what_is_no_date_is_text(text):
    form = written_by_hand(day=[json.dumps(text)])
    assert sample_digest(pd.DataFrame({"day": [text]})) == hashlib.sha256(form).hexdigest()


def test_more_rows_than_a_block():
    n = 2 * BLOCK_ROWS + 17
    form = written_by_hand(n=[str(one) for one in range(n)])
    assert sample_digest(pd.DataFrame({"n": range(n)})) == hashlib.sha256(form).hexdigest()


def test_what_counts(cohort):
    digest = table_digest(cohort, KEY)
    assert digest == table_digest(cohort.copy(), KEY)
    changed = cohort.copy()
    changed.loc[changed.index[7], "age"] += 1
    swapped = cohort.iloc[[1, 0, *range(2, len(cohort))]]
    for other in (
        changed,
        swapped,
        cohort.iloc[:-1],
        cohort[cohort.columns[::-1]],
        cohort.rename(columns={"age": "Age"}),
        cohort.drop(columns="age"),
    ):
        assert table_digest(other, KEY) != digest
    assert table_digest(cohort, OTHER_KEY) != digest
    assert sample_digest(cohort) != digest


def test_cells_cannot_be_shifted():
    def digest(*cells):
        return sample_digest(pd.DataFrame({"a": list(cells)}, dtype=object))

    tables = [("a", "b"), ("a\nb", "c"), ("a", "b\nc"), ('a"\n"b', "c"), ("1", "2"), (12, None)]
    assert len({digest(*cells) for cells in tables}) == len(tables)
    assert digest(1, 0) != digest(True, False)
    assert digest(True, 1) != digest(1, True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pd.Series([1, 2, None]), pd.Series([1, 2, None], dtype="Int64")),
        (pd.Series([0.1, 2.5], dtype="float32"), pd.Series([0.1, 2.5])),
        (pd.Series([0.1, None], dtype="Float32"), pd.Series([0.1, None])),
        (pd.Series([np.float32(0.1), np.int8(2)], dtype=object), pd.Series([0.1, 2])),
        (pd.Series([-0.0, 1.0]), pd.Series([0, 1], dtype="uint8")),
        (pd.Series([2**64 - 1], dtype="uint64"), pd.Series([str(2**64 - 1)])),
        (pd.Series(["b", "a", None]), pd.Series(["b", "a", None], dtype="category")),
        (pd.Series(["b", "a", None]), pd.Series(["b", "a", np.nan], dtype="string")),
        (pd.Series([2, 1], dtype="category"), pd.Series([2, 1])),
        (pd.Series([True, None]), pd.Series([True, None], dtype="boolean")),
        (pd.Series([True, None]), pd.Series(["true", "nan"])),
        (pd.Series(["3.10", "<0.5"]), pd.Series([3.1, "<0.5"])),
        (pd.to_datetime(pd.Series(["2024-01-31"])), pd.Series([pd.Timestamp("2024-01-31").date()])),
        (pd.to_datetime(pd.Series(["2024-01-31"])).astype("datetime64[s]"), ["2024-01-31"]),
        (pd.Series([1.5, None], dtype="double[pyarrow]"), pd.Series([1.5, None])),
        (pd.Series(["x", None], dtype="string[pyarrow]"), pd.Series(["x", None])),
    ],
)
def test_dtypes_do_not_count(one, other):
    assert sample_digest(pd.DataFrame({"a": one})) == sample_digest(pd.DataFrame({"a": other}))


@pytest.mark.parametrize("suffix", [".csv", ".tsv.gz", ".parquet", ".xlsx"])
@pytest.mark.parametrize("make", [awkward_table, None])
def test_the_same_by_any_file(suffix, make, cohort, tmp_path):
    table = cohort if make is None else make()
    if suffix == ".xlsx" and make is not None:
        # Excel has no time zones.
        table = table.drop(columns=["seen"])
    path = tmp_path / f"table{suffix}"
    write_table(table, path)
    assert table_digest(read_table(path), KEY) == table_digest(table, KEY)


def test_the_same_by_a_file_with_commas(cohort, tmp_path):
    path = tmp_path / "table.csv"
    write_table(cohort, path, form=FileForm(".csv", encoding="cp1252", separator=";", decimal=","))
    assert table_digest(read_table(path), KEY) == table_digest(cohort, KEY)


CELLS = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
    st.sampled_from(
        ["TRUE", "false", "NA", "007", "1E5", "+3", "2024-01-31", " 1 ", "1,5", "1.50"]
    ),
    st.integers(-(2**62), 2**62).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
)


@settings(max_examples=60, derandomize=True)
@given(cells=st.lists(CELLS, min_size=1, max_size=6))
def test_any_text_is_the_same_by_csv(cells, tmp_path_factory):
    """A column of numbers keeps the file's lines apart from blank ones."""
    table = pd.DataFrame({"row": range(len(cells)), "cell": pd.Series(cells, dtype=object)})
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    write_table(table, path, form=FileForm(".csv"))
    again = read_table(path, form=FileForm(".csv"))
    assert sample_digest(again) == sample_digest(table)


# --- the key -------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [b"", b"secret", bytes(15), bytes(5000)])
def test_a_key_is_long_enough(key, cohort):
    with pytest.raises(ParameterError, match="openssl rand") as error:
        table_digest(cohort, key)
    assert not key or key.decode("latin-1") not in str(error.value)


def test_a_key_is_bytes(cohort):
    with pytest.raises(ParameterError, match=r"str, not bytes; .*read_key") as error:
        table_digest(cohort, "Geheimnis Geheimnis")
    assert "Geheimnis" not in str(error.value)


def test_key_by_file_or_variable(tmp_path, monkeypatch):
    monkeypatch.delenv("SYNTHHEALTH_KEY", raising=False)
    assert read_key() is None
    for nothing in ("", " "):
        monkeypatch.setenv("SYNTHHEALTH_KEY", nothing)
        assert read_key() is None
    monkeypatch.setenv("SYNTHHEALTH_KEY", "0123456789abcdef")
    assert read_key() == b"0123456789abcdef"
    (tmp_path / "key").write_text("fedcba9876543210\n")
    assert read_key(tmp_path / "key") == b"fedcba9876543210"


def test_unusable_keys(tmp_path, monkeypatch):
    with pytest.raises(FileError, match="cannot be read"):
        read_key(tmp_path / "none")
    (tmp_path / "short").write_text("Geheimnis\n")
    (tmp_path / "long").write_bytes(bytes(range(1, 256)) * 100)
    for name, n_bytes in (("short", "9"), ("long", "more than 4096")):
        words = rf"{name}: the key in this file has {n_bytes} bytes.*openssl rand"
        with pytest.raises(ParameterError, match=words) as error:
            read_key(tmp_path / name)
        assert "Geheimnis" not in str(error.value)
    monkeypatch.setenv("SYNTHHEALTH_KEY", "Geheimnis")
    with pytest.raises(ParameterError, match="variable SYNTHHEALTH_KEY has 9 bytes") as error:
        read_key()
    assert "Geheimnis" not in str(error.value)
