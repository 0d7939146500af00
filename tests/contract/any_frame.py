"""Frames of everything that pandas can hold, and byte strings of everything that files can.

One seed makes one frame or one file. Cells that could be recognised in a message are planted: texts
that no message has by itself, and numbers of many digits.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Cells = Callable[[np.random.Generator, int], Any]
DAY = dt.date(2021, 3, 1)


class Sex(enum.Enum):
    FEMALE = "f"
    MALE = "m"


def objects(cells: list[Any]) -> pd.Series:
    """Keep cells as they are: pandas would unpack lists and arrays."""
    series = pd.Series([None] * len(cells), dtype=object)
    for place, cell in enumerate(cells):
        series.iat[place] = cell
    return series


def each(make: Callable[[np.random.Generator], Any]) -> Cells:
    return lambda rng, n: objects([make(rng) for _ in range(n)])


def planted(rng: np.random.Generator) -> str:
    return f"Zq{rng.integers(10**8):08d}xw"


def some(*values: Any) -> Cells:
    return lambda rng, n: objects([values[i] for i in rng.integers(len(values), size=n)])


def mostly(often: Cells, seldom: Cells, share: float = 0.2) -> Cells:
    def cells(rng: np.random.Generator, n: int) -> pd.Series:
        first, second = list(often(rng, n)), list(seldom(rng, n))
        return objects(
            [b if rng.random() < share else a for a, b in zip(first, second, strict=True)]
        )

    return cells


def typed(cells: Cells, dtype: Any) -> Cells:
    return lambda rng, n: pd.Series(list(cells(rng, n))).astype(dtype)


def normal(rng: np.random.Generator, n: int) -> pd.Series:
    return pd.Series(rng.normal(13, 2, n).round(rng.integers(0, 9)))


def scaled(power: int) -> Cells:
    return lambda rng, n: pd.Series(rng.normal(1, 1, n) * 10.0**power)


def exact(numbers: list[float]) -> Cells:
    return lambda rng, n: pd.Series(rng.choice(np.array(numbers), n))


def cut(rng: np.random.Generator, n: int) -> pd.Series:
    return pd.Series(pd.cut(rng.gamma(2, 20, n), int(rng.integers(2, 9))))


def decimals(rng: np.random.Generator) -> decimal.Decimal:
    return decimal.Decimal(f"{rng.normal(5, 2):.2f}")


moment = each(lambda rng: pd.Timestamp("2020-01-01") + pd.Timedelta(int(rng.integers(10**9)), "s"))
whole = each(lambda rng: int(rng.integers(90)))
words = some("mild", "severe", "none")
number = each(lambda rng: round(float(rng.normal(5, 2)), 2))

KINDS: dict[str, Cells] = {
    "numbers": normal,
    "numbers with gaps": mostly(number, some(None, np.nan, pd.NA)),
    "whole numbers": lambda rng, n: pd.Series(rng.integers(0, 90, n)),
    "narrow numbers": lambda rng, n: normal(rng, n).astype(rng.choice(["float16", "float32"])),
    "wide numbers": lambda rng, n: normal(rng, n).astype(np.longdouble),
    "small integers": lambda rng, n: pd.Series(rng.integers(0, 90, n)).astype("uint8"),
    "nullable": lambda rng, n: (
        pd.Series(rng.integers(0, 9, n)).astype("Int64").mask(rng.random(n) < 0.2)
    ),
    "nullable floats": lambda rng, n: normal(rng, n).astype("Float64").mask(rng.random(n) < 0.2),
    "nullable truth": lambda rng, n: pd.Series(rng.random(n) < 0.4, dtype="boolean").mask(
        rng.random(n) < 0.1
    ),
    "huge": scaled(300),
    "large": scaled(60),
    "tiny": scaled(-300),
    "small": scaled(-60),
    "denormal": exact([5e-324, 0.0, 1e-323]),
    "far and near": exact([1e-200, 1.0, 1e70, -1e70]),
    "hardly different": exact([1e16, 1e16 + 2, 1e16 + 4, 1e16 + 6, 1e16 + 8, 1e16 + 10, 1e16 + 12]),
    "nearly constant": lambda rng, n: pd.Series(1.0 + rng.integers(0, 9, n) * 2.3e-16),
    "infinite": mostly(number, some(np.inf, -np.inf)),
    "big integers": each(lambda rng: int(rng.integers(10**9)) ** 4),
    "unsigned": lambda rng, n: pd.Series(rng.integers(0, 2**64, n, dtype=np.uint64)),
    "complex": lambda rng, n: pd.Series(rng.normal(size=n) + 1j),
    "sparse": lambda rng, n: pd.Series(pd.arrays.SparseArray(rng.integers(0, 3, n) * 1.0)),
    "truth": some(True, False),
    "truth and gaps": some(True, False, None),
    "truth and numbers": some(True, 1, 0, False, 2.5),
    "Decimal": each(decimals),
    "Decimal and NaN": mostly(
        each(decimals), some(decimal.Decimal("NaN"), decimal.Decimal("sNaN"))
    ),
    "Decimal and infinite": mostly(each(decimals), some(decimal.Decimal("Infinity"))),
    "only Decimal NaN": some(decimal.Decimal("NaN")),
    "Decimal and words": mostly(each(decimals), some("n/a", "not done")),
    "dates": each(lambda rng: DAY + dt.timedelta(days=int(rng.integers(900)))),
    "dates and moments": mostly(
        each(lambda rng: DAY + dt.timedelta(int(rng.integers(99)))), moment
    ),
    "dates of other years": each(lambda rng: dt.date(int(rng.integers(1, 9999)), 1, 1)),
    "dates and text": mostly(moment, some("unknown", "01.02.2021")),
    "moments": lambda rng, n: pd.Series(list(moment(rng, n))),
    "moments of a zone": lambda rng, n: pd.Series(list(moment(rng, n))).dt.tz_localize(
        "Africa/Cairo", ambiguous="NaT", nonexistent="NaT"
    ),
    "zones mixed": mostly(moment, some(pd.Timestamp("2021-01-01", tz="UTC"))),
    "two zones": some(
        pd.Timestamp("2021-01-01", tz="UTC"), pd.Timestamp("2021-01-02", tz="Asia/Tokyo")
    ),
    "far moments": lambda rng, n: pd.Series(
        np.array(rng.integers(-(10**11), 10**12, n), "datetime64[s]")
    ),
    "numpy moments": some(
        np.datetime64("2021-01-01"), np.datetime64("2021-05-01", "ns"), np.datetime64("NaT")
    ),
    "times": each(lambda rng: dt.time(int(rng.integers(24)), int(rng.integers(60)))),
    "exact times": each(lambda rng: dt.time(7, 5, 1, int(rng.integers(10**6)))),
    "times and text": mostly(each(lambda rng: dt.time(int(rng.integers(24)))), some("noon", None)),
    "durations": lambda rng, n: pd.Series(
        pd.to_timedelta(rng.integers(0, 999, n), str(rng.choice(["D", "h", "s", "us"])))
    ),
    "duration objects": each(lambda rng: dt.timedelta(hours=int(rng.integers(99)))),
    "periods": lambda rng, n: pd.Series(
        pd.period_range("2020", periods=n, freq=rng.choice(["D", "M", "Y", "h"]))
    ),
    "intervals": cut,
    "interval objects": lambda rng, n: cut(rng, n).astype(object),
    "ordered intervals": lambda rng, n: pd.Series(pd.arrays.IntervalArray(cut(rng, n).to_numpy())),
    "text": words,
    "text, all different": each(planted),
    "one rare text": mostly(words, each(planted), 0.03),
    "remarks": each(lambda rng: " ".join(planted(rng) for _ in range(5))),
    "numbers as text": each(lambda rng: f"{rng.normal(13, 2):.1f}"),
    "comma numbers": each(lambda rng: f"{rng.normal(13, 2):.2f}".replace(".", ",")),
    "censored": mostly(each(lambda rng: f"{rng.gamma(2, 5):.1f}"), some("<0.5", ">50", "n/a")),
    "mixed censored": mostly(number, some("<0.5", ">50", "n/a")),
    "numbers and words": mostly(number, some("see note", "pending"), 0.4),
    "numbers and a remark": mostly(number, each(planted), 0.05),
    "codes": some(101, "102A", 103, "104"),
    "padded codes": some("007", "012", 13),
    "surrogates": mostly(words, some("\ud83d", "a\udc00b"), 0.1),
    "odd text": some("", " ", "\x00", "\u200f", "\u202e12", "é", "e\u0301", "=1+1", "'", "%s{0}"),
    "strings of pandas": typed(words, "string"),
    "strings of arrow": typed(words, "string[pyarrow]"),
    "arrow numbers": typed(whole, "int32[pyarrow]"),
    "arrow days": typed(moment, "date32[pyarrow]"),
    "arrow durations": lambda rng, n: pd.Series(
        pd.to_timedelta(rng.integers(0, 999, n), "s")
    ).astype("duration[us][pyarrow]"),
    "arrow decimals": lambda rng, n: pd.Series(
        pd.array([decimals(rng) for _ in range(n)], dtype=_arrow("decimal128"))
    ),
    "arrow lists": lambda rng, n: pd.Series(pd.array([[1, 2]] * n, dtype=_arrow("list"))),
    "arrow bytes": lambda rng, n: pd.Series(pd.array([b"A", b"B"] * n, dtype=_arrow("binary"))[:n]),
    "arrow dictionary": lambda rng, n: pd.Series(
        pd.array(list(words(rng, n)), dtype=_arrow("dictionary"))
    ),
    "bytes": some(b"A", b"B"),
    "bytes that are no text": each(lambda rng: rng.bytes(6)),
    "lists": each(lambda rng: [planted(rng)]),
    "some lists": mostly(words, each(lambda rng: [planted(rng), 1]), 0.1),
    "tuples": each(lambda rng: (planted(rng), 1)),
    "dicts": each(lambda rng: {"name": planted(rng)}),
    "sets": each(lambda rng: {planted(rng)}),
    "arrays": each(lambda rng: rng.normal(size=2)),
    "Series": each(lambda rng: pd.Series([planted(rng)])),
    "enums": some(Sex.FEMALE, Sex.MALE),
    "objects": each(lambda rng: object()),
    "types": some(int, str),
    "NA and NaT": some(pd.NA, pd.NaT, None, np.nan),
    "empty": some(None),
    "constant": some("same"),
    "categories": typed(words, "category"),
    "categories of numbers": typed(whole, "category"),
    "categories of dates": typed(moment, "category"),
    "categories of Decimal": typed(each(decimals), "category"),
    "categories of tuples": lambda rng, n: pd.Series(
        pd.Categorical(objects([(1, "a"), (2, "b")] * n)[:n])
    ),
    "categories mixed": typed(some(1, "a", "b"), "category"),
    "categories of times": typed(each(lambda rng: dt.time(int(rng.integers(5)))), "category"),
    "categories of durations": typed(
        each(lambda rng: pd.Timedelta(int(rng.integers(5)), "D")), "category"
    ),
    "ordered categories": lambda rng, n: pd.Series(
        pd.Categorical(words(rng, n), ["none", "mild", "severe"], ordered=True)
    ),
    "unused categories": lambda rng, n: pd.Series(
        pd.Categorical(words(rng, n), ["none", "mild", "severe", "Zq-never"])
    ),
    "bytes and text": some(b"A", "B"),
    "numpy scalars": some(np.float32(1.5), np.int8(3), np.float64(2.5), np.nan),
    "numpy text": some(np.str_("a"), np.str_("b")),
}

NAMES = [
    "age",
    "sex",
    "crp (mg/L)",
    "visit",
    "code",
    "id",
    "name",
    "",
    " ",
    "Größe",
    "العمر",
    "a b",
    "x`y",
    "__x",
    "index",
    "0",
    "mean",
    "age\ud83d",
    "tab\tname",
    "line\nname",
    "level_0",
    "MRN",
]


def _arrow(what: str) -> pd.ArrowDtype:
    import pyarrow as pa

    made = {
        "decimal128": pa.decimal128(12, 2),
        "list": pa.list_(pa.int64()),
        "binary": pa.binary(),
        "dictionary": pa.dictionary(pa.int8(), pa.string()),
    }
    return pd.ArrowDtype(made[what])


def frame_of(seed: int) -> pd.DataFrame:
    """Make one frame: one to five columns of any kinds, any index."""
    rng = np.random.default_rng([11, seed])
    n = int(rng.choice([1, 2, 11, 30, 60], p=[0.05, 0.05, 0.2, 0.35, 0.35]))
    kinds = rng.choice(list(KINDS), rng.integers(1, 6))
    if rng.random() < 0.5:  # beside columns that can be learned, so that the way goes on
        kinds = ["numbers", kinds[0], "text"]
    names = rng.choice(NAMES, len(kinds), replace=False).tolist()
    if rng.random() < 0.03:
        names = [*names[:-1], names[0]]
    if rng.random() < 0.03:
        names[0] = 7
    frame = pd.concat([_column(KINDS[kind], rng, n) for kind in kinds], axis=1)
    frame.columns = pd.Index(names, dtype=object)
    index = rng.integers(6)
    if index == 0:
        frame.index = pd.Index(rng.integers(0, 3, n))
    elif index == 1:
        frame.index = pd.Index([planted(rng) for _ in range(n)], name="patient")
    elif index == 2:
        frame.index = pd.date_range("2020-01-01", periods=n, tz="UTC")
    return frame


def _column(cells: Cells, rng: np.random.Generator, n: int) -> pd.Series:
    return pd.Series(cells(rng, n)).reset_index(drop=True)


def planted_in(frame: pd.DataFrame) -> set[str]:
    """Give what must stand in no message: planted texts, and numbers of many digits."""
    found = set()
    for place in range(frame.shape[1]):
        for cell in frame.iloc[:, place]:
            if isinstance(cell, float) and np.isfinite(cell) and len(repr(cell)) > 8:
                found.add(repr(cell))
            elif "Zq" in str(cell):
                found.update(word for word in str(cell).split("'") if word.startswith("Zq"))
    return found


def file_of(seed: int, folder: Path) -> Path:
    """Write one file: of bytes that are no table, or of one that is damaged."""
    rng = np.random.default_rng([12, seed])
    suffixes = [".csv", ".tsv", ".txt", ".csv.gz", ".parquet", ".xlsx", ".xls", ".ods", ".sav",
                ".dta", ".xpt", ".sas7bdat", ".zip", ".rds"]  # fmt: skip
    content = rng.choice(["random", "text", "csv", "parquet", "xlsx", "gzip", "zip", "empty"])
    table = pd.DataFrame({"age": rng.integers(0, 90, 20), "sex": list("FM") * 10})
    buffer = io.BytesIO()
    if content == "random":
        buffer.write(rng.bytes(int(rng.integers(1, 400))))
    elif content == "text":
        signs = np.array(list("aé٣;,\t|\"'\n\r 12.3-<\x00\u200f"))
        buffer.write("".join(rng.choice(signs, 200)).encode(rng.choice(["utf-8", "utf-16"])))
    elif content == "csv":
        buffer.write(table.to_csv(index=False, sep=rng.choice([";", ",", "\t"])).encode())
    elif content == "parquet":
        table.to_parquet(buffer)
    elif content == "xlsx":
        table.to_excel(buffer, index=False)
    elif content == "gzip":
        buffer.write(gzip.compress(table.to_csv(index=False).encode()))
    elif content == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in rng.choice(
                ["a.csv", "b.csv", "c.txt", "notes.pdf"], rng.integers(0, 3), False
            ):
                archive.writestr(str(name), table.to_csv(index=False))
    raw = bytearray(buffer.getvalue())
    if raw and rng.random() < 0.6:  # damaged
        for place in rng.integers(0, len(raw), int(rng.integers(1, 6))):
            raw[place] = int(rng.integers(256))
        raw = raw[: int(rng.integers(1, len(raw) + 1))] if rng.random() < 0.5 else raw
    path = folder / f"file{rng.choice(suffixes)}"
    path.write_bytes(bytes(raw))
    return path
