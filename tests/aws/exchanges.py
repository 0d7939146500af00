"""Requests and what must come back: one table, driven through every way to ask.

A way to ask is a function from (body, content type, accept) to a `Reply`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from synthhealth import Synthesizer

#: Stands in bad requests where a patient's value could; no answer may repeat it.
SECRET = "Zuckermandel-1931"

JSON, LINES, CSV = "application/json", "application/jsonlines", "text/csv"
PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True)
class Reply:
    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def message(self) -> str:
        return json.loads(self.body)["message"]


@dataclass(frozen=True)
class Exchange:
    """A request; `draws` (rows, seed, conditions) is what must come, or `words` why nothing."""

    name: str
    body: bytes
    content_type: str | None = JSON
    accept: str | None = None
    status: int = 200
    media_type: str = JSON
    draws: tuple[tuple[int, int, Mapping[str, Any] | None], ...] = ()
    words: str = field(default="", repr=False)


def body(**keys: Any) -> bytes:
    return json.dumps(keys).encode()


GOOD = (
    Exchange("the least", body(num_rows=3, seed=1), draws=((3, 1, None),)),
    Exchange("no type", body(num_rows=3, seed=1), content_type=None, draws=((3, 1, None),)),
    Exchange(
        "charset",
        body(num_rows=2, seed=0),
        content_type="Application/JSON; charset=UTF-8",
        draws=((2, 0, None),),
    ),
    Exchange("mark", b"\xef\xbb\xbf" + body(num_rows=1, seed=2), draws=((1, 2, None),)),
    Exchange(
        "csv",
        body(num_rows=9, seed=2**63 - 1),
        accept=CSV,
        media_type=CSV,
        draws=((9, 2**63 - 1, None),),
    ),
    Exchange(
        "lines", body(num_rows=4, seed=3), accept=LINES, media_type=LINES, draws=((4, 3, None),)
    ),
    Exchange(
        "parquet",
        body(num_rows=1500, seed=3),
        accept="application/x-parquet",
        media_type=PARQUET,
        draws=((1500, 3, None),),
    ),
    Exchange(
        "blocks", body(num_rows=2001, seed=3), accept=CSV, media_type=CSV, draws=((2001, 3, None),)
    ),
    Exchange("blocks of JSON", body(num_rows=2001, seed=3), draws=((2001, 3, None),)),
    Exchange(
        "blocks of lines",
        body(num_rows=2000, seed=3, format="jsonlines"),
        media_type=LINES,
        draws=((2000, 3, None),),
    ),
    Exchange("anything", body(num_rows=1, seed=3), accept="*/*", draws=((1, 3, None),)),
    Exchange(
        "the best",
        body(num_rows=1, seed=3),
        accept="text/html, text/*;q=0.9, */*;q=0.1",
        media_type=CSV,
        draws=((1, 3, None),),
    ),
    Exchange(
        "format beats accept",
        body(num_rows=2, seed=4, format="csv"),
        accept=JSON,
        media_type=CSV,
        draws=((2, 4, None),),
    ),
    Exchange(
        "conditions",
        body(num_rows=20, seed=5, conditions={"sex": "M", "age": 50, "smoker": True}),
        draws=((20, 5, {"sex": "M", "age": 50, "smoker": True}),),
    ),
    Exchange(
        "letters, quotes and dates",
        body(
            num_rows=5, seed=5, conditions={"joint, side": "Knöchel, rechts", "visit": "2022-01-05"}
        ),
        accept=CSV,
        media_type=CSV,
        draws=((5, 5, {"joint, side": "Knöchel, rechts", "visit": "2022-01-05"}),),
    ),
    Exchange(
        "missing",
        body(num_rows=6, seed=5, conditions={"crp": None}),
        draws=((6, 5, {"crp": None}),),
    ),
    Exchange(
        "ranges",
        body(num_rows=6, seed=5, conditions={"age": [60, None], "visit": ["2021-06-01", None]}),
        draws=((6, 5, {"age": [60, None], "visit": ["2021-06-01", None]}),),
    ),
    Exchange("no conditions", body(num_rows=2, seed=5, conditions={}), draws=((2, 5, None),)),
    Exchange(
        "several lines",
        b'{"num_rows": 2, "seed": 1}\r\n\n{"num_rows": 3, "seed": 7, "conditions": {"sex": "F"}}\n',
        content_type="application/x-ndjson",
        accept=CSV,
        media_type=CSV,
        draws=((2, 1, None), (3, 7, {"sex": "F"})),
    ),
    Exchange(
        "a CSV",
        b'num_rows,seed,conditions,format\r\n4,1,,csv\r\n2,9,"{""sex"": ""M""}",csv\r\n',
        content_type=CSV,
        media_type=CSV,
        draws=((4, 1, None), (2, 9, {"sex": "M"})),
    ),
    Exchange(
        "a CSV without a header",
        b'4,1,,csv\r\n2,9,"{""sex"": ""M""}",csv\r\n',
        content_type="text/csv; header=absent",
        accept="text/csv; header=present",
        media_type=CSV,
        draws=((4, 1, None), (2, 9, {"sex": "M"})),
    ),
    Exchange(
        "few values without a header",
        b"3,1\n2,8\n",
        content_type="text/csv;header=absent",
        draws=((3, 1, None), (2, 8, None)),
    ),
)


def _bad(
    name: str,
    body: bytes,
    words: str,
    status: int = 400,
    content_type: str | None = JSON,
    accept: str | None = None,
) -> Exchange:
    return Exchange(name, body, content_type, accept, status, JSON, (), words)


BAD = (
    _bad("empty", b"", "not JSON"),
    _bad("no JSON", SECRET.encode(), "not JSON"),
    _bad("no UTF-8", b"\xff\xfe" + SECRET.encode(), "UTF-8"),
    _bad("an array", b"[1]", "JSON object"),
    _bad("no rows", b"{}", "num_rows must be"),
    _bad("zero rows", body(num_rows=0), "from 1 to 100,000"),
    _bad("true rows", body(num_rows=True), "num_rows must be"),
    _bad("half a row", body(num_rows=2.5), "num_rows must be"),
    _bad("rows as text", body(num_rows=SECRET), "num_rows must be"),
    _bad("a batch", body(num_rows=1_000_000), "batch job"),
    _bad("a negative seed", body(num_rows=1, seed=-1), "seed must be"),
    _bad("a huge seed", body(num_rows=1, seed=2**63), "seed must be"),
    _bad("an unknown key", body(num_rows=1, **{SECRET: 1}), "key that is not known"),
    _bad("a misspelt key", body(num_row=1), "did you mean 'num_rows'"),
    _bad("twice", b'{"num_rows": 1, "num_rows": 2}', "stands twice"),
    _bad("an unknown format", body(num_rows=1, format=SECRET), "format must be one of"),
    _bad("a list of formats", body(num_rows=1, format=["csv"]), "format must be one of"),
    _bad("conditions as text", body(num_rows=1, conditions=SECRET), "must be an object"),
    _bad("several values", body(num_rows=1, conditions={"sex": [SECRET]}), "one text, number"),
    _bad("a long text", body(num_rows=1, conditions={"sex": SECRET * 99}), "at most 1,000"),
    _bad("a lone surrogate", b'{"num_rows": 1, "conditions": {"sex": "\\ud800"}}', "Unicode"),
    _bad("a long number", b'{"num_rows": 1' + b"0" * 5000 + b"}", "too many digits"),
    _bad("a large number", body(num_rows=1, conditions={"age": 2**54}), "too large"),
    _bad("an endless number", b'{"num_rows": 1, "seed": Infinity}', "finite"),
    _bad("too large a float", b'{"num_rows": 1, "seed": 1e999}', "too large"),
    _bad("deep", b"[" * 60_000, "nested too deeply"),
    _bad("a long request", b"[" + b"[]," * 1_000_000 + b"[]]", "65,536 signs"),
    _bad("a long line", b'{"num_rows": 1}\n[' + b"[]," * 30_000 + b"[]]", "line 2",
         content_type=LINES),
    _bad("a bad line", b'{"num_rows": 1}\n{"num_rows"\n', "line 2", content_type=LINES),
    _bad("no lines", b"\n \n", "no request", content_type=LINES),
    _bad("many lines", body(num_rows=1) * 1 + b"\n" + (body(num_rows=1) + b"\n") * 100,
         "more than 100 requests", content_type=LINES),
    _bad("many rows", (body(num_rows=60_000) + b"\n") * 2, "batch job", content_type=LINES),
    _bad("two formats", body(num_rows=1, format="csv") + b"\n" + body(num_rows=1),
         "same format", content_type=LINES),
    _bad("a CSV without header", f"{SECRET},61,M\n".encode(), "not known", content_type=CSV),
    _bad("a ragged CSV", f"num_rows,seed\n1,2,{SECRET}\n".encode(), "line 2 has 3 values",
         content_type=CSV),
    _bad("a CSV's text", f"num_rows\n{SECRET}\n".encode(), "line 2, num_rows", content_type=CSV),
    _bad("many values without a header", f"1,2,,csv,{SECRET}\n".encode(), "line 1 has 5 values",
         content_type="text/csv; header=absent"),
    _bad("an open quote", b'num_rows,seed\n1,"2\n', "quotation mark", content_type=CSV),
    _bad("only a header", b"num_rows,seed\n", "no request", content_type=CSV),
    _bad("an unread type", body(num_rows=1), "Content-Type", 415, "application/x-npy"),
    _bad("another charset", body(num_rows=1), "UTF-8", 415, "application/json; charset=latin-1"),
    _bad("nothing accepted", body(num_rows=1), "Accept", 406, accept="text/html, text/csv;q=0"),
    _bad("an unknown column", body(num_rows=1, conditions={SECRET: 1}), "column 1 of 1", 422),
    _bad("a misspelt column", body(num_rows=1, conditions={"sexx": "F"}),
         "did you mean 'sex'", 422),
    _bad("a range of levels", body(num_rows=1, conditions={"sex": [SECRET, "F"]}), "'sex'", 422),
    _bad("a range of text", body(num_rows=1, conditions={"age": [SECRET, 60]}), "'age'", 422),
    _bad("ends turned round", body(num_rows=1, conditions={"age": [60, 50]}), "'age'", 422),
    _bad("a range of lists", body(num_rows=1, conditions={"age": [[1], [2]]}), "[low, high]"),
    _bad("an unknown level", body(num_rows=1, conditions={"sex": SECRET}), "column 'sex'", 422),
    _bad("text for a number", body(num_rows=1, conditions={"age": SECRET}), "column 'age'", 422),
    _bad("out of range", body(num_rows=1, conditions={"age": 1931}), "outside the range", 422),
    _bad("no such gap", body(num_rows=1, conditions={"age": None}), "no missing value", 422),
    _bad("no such date", body(num_rows=1, conditions={"visit": SECRET}), "column 'visit'", 422),
    _bad("too many bytes", body(num_rows=50_000, seed=1), "batch job", 422),
)  # fmt: skip


def check(exchange: Exchange, reply: Reply, model: Synthesizer) -> None:
    """Compare a reply with what must come."""
    assert reply.status == exchange.status, reply.body[:500]
    assert reply.media_type == exchange.media_type
    if exchange.status == 200:
        tables = [model.sample(n, known, random_state=seed) for n, seed, known in exchange.draws]
        check_rows(reply, pd.concat(tables, ignore_index=True))
    else:
        assert exchange.words in reply.message
        assert SECRET.encode() not in reply.body
        assert b"Traceback" not in reply.body


def check_rows(reply: Reply, wanted: pd.DataFrame) -> None:
    """Read the rows with another reader than the writer, and compare them with those drawn."""
    if reply.media_type == PARQUET:
        read = pd.read_parquet(io.BytesIO(reply.body)).reset_index(drop=True)
        pd.testing.assert_frame_equal(read, wanted)
        return
    if reply.media_type == CSV:
        read = pd.read_csv(io.BytesIO(reply.body))
    elif reply.media_type == LINES:
        assert reply.body.endswith(b"\n")
        read = pd.DataFrame([json.loads(line) for line in reply.body.decode().split("\n")[:-1]])
    else:
        read = pd.DataFrame(json.loads(reply.body))
    assert list(read.columns) == list(wanted.columns)
    as_doubles = wanted["ferritin"].astype(str).astype(float)
    assert read["ferritin"].tolist() == as_doubles.tolist()
    for name in set(wanted.columns) - {"ferritin"}:
        column = read[name]
        if wanted[name].dtype.kind == "M":
            column = pd.to_datetime(column)
        assert column.isna().tolist() == wanted[name].isna().tolist()
        assert column.dropna().tolist() == wanted[name].dropna().tolist(), name
