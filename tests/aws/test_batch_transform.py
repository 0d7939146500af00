"""Batch transform: a client that splits, sends and assembles as SageMaker's does."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import pytest
from exchanges import CSV, JSON, LINES, PARQUET, Exchange, Reply, body
from server_process import Running

from synthhealth import Synthesizer

pytest.importorskip("starlette", reason="the server needs the extra 'serve'")
pytest.importorskip("uvicorn", reason="the server needs the extra 'serve'")

BARE_CSV = "text/csv; header=absent"


class TransformError(Exception):
    """A transform job fails with the first record that is not answered."""


@dataclass(frozen=True)
class Transform:
    """A transform job; what it leaves open the container's ``/execution-parameters`` say."""

    content_type: str
    accept: str
    split_type: str = "Line"
    batch_strategy: str | None = None
    assemble_with: str = "Line"
    max_payload_mb: int | None = None

    def run(self, running: Running, content: bytes) -> tuple[bytes, list[Reply]]:
        """Give the output file of an input file, and the single answers."""
        told = json.loads(running.get("/execution-parameters").body)
        strategy = (
            self.batch_strategy
            or {
                "SINGLE_RECORD": "SingleRecord",
                "MULTI_RECORD": "MultiRecord",
            }[told["BatchStrategy"]]
        )
        limit = (self.max_payload_mb or told["MaxPayloadInMB"]) * 2**20
        replies = []
        for payload in self._payloads(content, strategy, limit):
            reply = running.invoke(Exchange("", payload, self.content_type, self.accept))
            if reply.status != 200:
                raise TransformError(f"{reply.status}: {reply.message}")
            replies.append(reply)
        end = b"\n" if self.assemble_with == "Line" else b""
        return b"".join(reply.body + end for reply in replies), replies

    def _payloads(self, content: bytes, strategy: str, limit: int) -> Iterator[bytes]:
        if self.split_type == "None":
            yield content
            return
        batch = b""
        for line in content.splitlines(keepends=True):
            if strategy == "SingleRecord":
                yield line.rstrip(b"\r\n")
            elif batch and len(batch) + len(line) > limit:
                yield batch
                batch = line
            else:
                batch += line
        if batch:
            yield batch


#: Requests for 3 + 4 + 5 + ... rows, of which every other has a condition.
REQUESTS = [
    {"num_rows": 3 + seed, "seed": seed, "conditions": {"sex": "F"} if seed % 2 else None}
    for seed in range(20)
]
AS_LINES = b"".join(json.dumps(one).encode() + b"\n" for one in REQUESTS)


@pytest.fixture(scope="module")
def wanted(model: Synthesizer) -> pd.DataFrame:
    tables = [
        model.sample(one["num_rows"], one["conditions"], random_state=one["seed"])
        for one in REQUESTS
    ]
    return pd.concat(tables, ignore_index=True)


def check(read: pd.DataFrame, wanted: pd.DataFrame) -> None:
    assert list(read.columns) == list(wanted.columns)
    assert read["age"].tolist() == wanted["age"].tolist()
    assert read["joint, side"].tolist() == wanted["joint, side"].tolist()
    assert read["crp"].isna().tolist() == wanted["crp"].isna().tolist()
    assert pd.to_datetime(read["visit"]).tolist() == wanted["visit"].tolist()


@pytest.mark.parametrize(
    ("strategy", "n_calls"), [(None, 20), ("SingleRecord", 20), ("MultiRecord", 1)]
)
def test_lines_in_and_lines_out_are_the_table(strategy, n_calls, running, wanted):
    job = Transform(LINES, LINES, batch_strategy=strategy)
    assembled, replies = job.run(running, AS_LINES)
    assert len(replies) == n_calls
    # Each answer ends its last line, and assembling does so once more.
    read = pd.DataFrame([json.loads(line) for line in assembled.decode().split("\n") if line])
    check(read, wanted)


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_csv_without_headers_assembles_to_one_csv(strategy, running, wanted):
    assembled, replies = Transform(LINES, BARE_CSV, batch_strategy=strategy).run(running, AS_LINES)
    assert {reply.media_type for reply in replies} == {BARE_CSV}
    read = pd.read_csv(io.BytesIO(assembled), header=None, names=list(wanted.columns))
    check(read, wanted)


def test_csv_with_headers_would_have_one_for_each_record(running):
    assembled, _ = Transform(LINES, CSV).run(running, AS_LINES)
    assert assembled.count(b"ferritin") == len(REQUESTS)


def test_json_types_are_lines_too_where_each_record_is_an_object(running, wanted):
    assembled, _ = Transform(JSON, LINES).run(running, AS_LINES)
    read = pd.DataFrame([json.loads(line) for line in assembled.decode().split("\n") if line])
    check(read, wanted)


def test_requests_as_csv_are_split_without_their_header(running, model):
    content = b'3,1\r\n4,2,"{""sex"": ""M""}"\r\n'
    assembled, replies = Transform(BARE_CSV, BARE_CSV).run(running, content)
    assert len(replies) == 2
    tables = [model.sample(3, random_state=1), model.sample(4, {"sex": "M"}, random_state=2)]
    wanted = pd.concat(tables, ignore_index=True)
    check(pd.read_csv(io.BytesIO(assembled), header=None, names=list(wanted.columns)), wanted)


def test_requests_as_csv_with_a_header_go_unsplit(running, model):
    content = b"num_rows,seed\n3,1\n4,2\n"
    with pytest.raises(TransformError, match="holds no request"):
        Transform(CSV, LINES).run(running, content)
    assembled, _ = Transform(CSV, CSV, split_type="None", assemble_with="None").run(
        running, content
    )
    wanted = pd.concat([model.sample(3, random_state=1), model.sample(4, random_state=2)])
    check(pd.read_csv(io.BytesIO(assembled)), wanted)


def test_one_object_gives_one_parquet_file(running, model):
    job = Transform(JSON, PARQUET, split_type="None", assemble_with="None")
    assembled, _ = job.run(running, body(num_rows=50, seed=3))
    pd.testing.assert_frame_equal(
        pd.read_parquet(io.BytesIO(assembled)), model.sample(50, random_state=3)
    )


def test_many_small_requests_in_one_batch_are_refused_with_what_to_do(running):
    content = (body(num_rows=1, seed=1) + b"\n") * 101
    with pytest.raises(TransformError, match=r"400: .*BatchStrategy SingleRecord"):
        Transform(LINES, LINES, batch_strategy="MultiRecord").run(running, content)


def test_payloads_keep_to_their_limit(running, model):
    # Padded so that two lines are more than 1 MB; JSON Lines allows the spaces.
    lines = [body(num_rows=2, seed=seed).ljust(60_000) + b"\n" for seed in range(30)]
    job = Transform(LINES, LINES, batch_strategy="MultiRecord", max_payload_mb=1)
    assembled, replies = job.run(running, b"".join(lines))
    assert len(replies) == 2
    assert len([line for line in assembled.split(b"\n") if line]) == 60


def test_a_bad_record_fails_the_job_with_its_reason(running):
    with pytest.raises(TransformError, match="400: num_rows must be"):
        Transform(LINES, LINES).run(running, AS_LINES + b'{"num_rows": 0}\n')
