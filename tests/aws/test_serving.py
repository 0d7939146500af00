"""The four functions."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from exchanges import BAD, CSV, GOOD, JSON, LINES, SECRET, Exchange, Reply, body, check
from hypothesis import given
from hypothesis import strategies as st

import synthhealth as sh
from synthhealth import Synthesizer
from synthhealth.aws import serving
from synthhealth.aws._serving._answers import choose_format, write_answer
from synthhealth.aws._serving._requests import Requests
from synthhealth.aws.serving import ServingError, input_fn, model_fn, output_fn, predict_fn
from synthhealth.errors import ArtifactError, FileError


def ask(model: Synthesizer, exchange: Exchange) -> Reply:
    try:
        requests = input_fn(exchange.body, exchange.content_type)
        written, media_type = output_fn(predict_fn(requests, model), exchange.accept)
    except ServingError as error:
        refusal = {"message": str(error)}
        return Reply(error.status, JSON, json.dumps(refusal).encode())
    return Reply(200, media_type, written)


@pytest.mark.parametrize("exchange", [*GOOD, *BAD], ids=lambda one: one.name)
def test_functions_answer_as_the_table_says(exchange, model):
    check(exchange, ask(model, exchange), model)


@pytest.mark.parametrize("exchange", GOOD, ids=lambda one: one.name)
def test_same_seed_gives_the_same_bytes(exchange, model):
    assert ask(model, exchange) == ask(model, exchange)


def test_another_seed_or_none_gives_other_rows(model):
    bodies = [body(num_rows=9, seed=1), body(num_rows=9, seed=2), *[body(num_rows=9)] * 2]
    replies = [ask(model, Exchange("", one)).body for one in bodies]
    assert len(set(replies)) == 4


def test_without_a_seed_a_reloaded_model_does_not_repeat_itself(model_dir):
    one, other = (ask(model_fn(model_dir), Exchange("", body(num_rows=9))) for _ in range(2))
    assert one.body != other.body


def test_text_bodies_are_read_as_bytes_are():
    text = '{"num_rows": 2, "conditions": {"joint, side": "Knöchel"}}'
    assert input_fn(text, JSON) == input_fn(text.encode(), JSON)
    assert input_fn("\ufeff" + text, JSON) == input_fn(text, JSON)


def test_lines_may_hold_other_ends_of_lines_in_texts():
    line = '{"num_rows": 1, "conditions": {"a": "x\u2028y\x85z"}}'
    (request,) = input_fn(line + "\n", LINES).requests
    assert request.conditions == {"a": "x\u2028y\x85z"}


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_answers_have_the_bytes_of_a_written_table(suffix, model, tmp_path):
    table = model.sample(2500, random_state=4).rename(columns={"joint, side": "joint"})
    sh.write_table(table, tmp_path / f"table{suffix}")
    written = write_answer(table, suffix[1:], 2**30)
    assert written == (tmp_path / f"table{suffix}").read_bytes()


def test_csv_keeps_carriage_returns_within_a_cell():
    table = pd.DataFrame({"note": ["one\rtwo", "three"], "n": [1, 2]})
    written = write_answer(table, "csv", 1000)
    assert written == b'"note","n"\n"one\rtwo",1\n"three",2\n'


def test_json_holds_what_tables_hold():
    table = pd.DataFrame(
        {
            "big": np.array([2**53 + 1, -1]),
            "small": np.array([0.1, np.nan], dtype="float32"),
            "flag": pd.array([True, None], dtype="boolean"),
            "level": pd.Categorical(["a", None]),
            "zoned": pd.to_datetime(["2024-03-01 12:30", None]).tz_localize("Europe/Berlin"),
            "gone": [None, None],
        }
    )
    assert json.loads(write_answer(table, "json", 1000)) == [
        {
            "big": 2**53 + 1,
            "small": 0.1,
            "flag": True,
            "level": "a",
            "zoned": "2024-03-01T12:30:00+01:00",
            "gone": None,
        },
        {"big": -1, "small": None, "flag": None, "level": None, "zoned": None, "gone": None},
    ]


@pytest.mark.parametrize("form", ["csv", "json", "jsonlines", "parquet"])
def test_bytes_are_capped_exactly(form, model):
    table = model.sample(1200, random_state=4)
    size = len(write_answer(table, form, 2**30))
    assert len(write_answer(table, form, size)) == size
    with pytest.raises(serving.AnswerTooLargeError, match="batch job"):
        write_answer(table, form, size - 1)


def test_the_advised_number_of_rows_does_fit(model):
    table = model.sample(20_000, random_state=4)
    with pytest.raises(serving.AnswerTooLargeError, match=r"about [\d,]+ rows") as caught:
        write_answer(table, "csv", 100_000)
    advised = int(str(caught.value).split("about ")[1].split(" rows")[0].replace(",", ""))
    # "about": rows differ in length.
    assert len(write_answer(table[: int(0.98 * advised)], "csv", 100_000)) > 90_000


def test_a_table_of_very_many_cells_is_refused_before_it_is_drawn(model, monkeypatch):
    monkeypatch.setattr(serving, "MAX_CELLS", 80)
    assert len(predict_fn(input_fn(body(num_rows=10), JSON), model).table) == 10
    with pytest.raises(serving.AnswerTooLargeError, match="88 cells"):
        predict_fn(input_fn(body(num_rows=11), JSON), model)


def test_parquet_that_cannot_hold_a_table_is_refused_without_its_values():
    table = pd.DataFrame({"mixed": [1, SECRET]}, dtype=object)
    with pytest.raises(serving.NotAcceptableError, match="ask for csv") as caught:
        write_answer(table, "parquet", 1000)
    assert SECRET not in str(caught.value)


def test_unacceptable_answers_are_refused_before_drawing(model):
    class Undrawn:
        schema_ = model.schema_

    with pytest.raises(serving.NotAcceptableError):
        serving.answer(Undrawn(), body(num_rows=9), JSON, "text/html")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("text/*", "csv"),
        ("application/*", "json"),
        ("text/csv; header=present", "csv"),
        ("text/csv;q=0.2, application/jsonl;q=0.3", "jsonlines"),
        ("TEXT/CSV", "csv"),
        ("text/csv;q=x, application/json;q=0.1", "json"),
    ],
)
def test_accept_decides(accept, form):
    assert choose_format(None, accept) == form


def test_only_the_one_synth_file_is_loaded(model_dir, tmp_path):
    content = (model_dir / "small.synth").read_bytes()
    with pytest.raises(FileError, match="no such folder"):
        model_fn(tmp_path / "absent")
    (tmp_path / "model.pkl").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(FileError, match="there are 0"):
        model_fn(tmp_path)
    (tmp_path / "a.synth").write_bytes(content)
    (tmp_path / "._a.synth").write_bytes(b"a Mac's companion")
    assert model_fn(tmp_path).schema_.names == model_fn(model_dir).schema_.names
    (tmp_path / "b.synth").write_bytes(content)
    with pytest.raises(FileError, match="there are 2"):
        model_fn(tmp_path)


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("went-off"),)


def test_a_pickle_by_the_name_of_a_model_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.synth").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ArtifactError):
        model_fn(tmp_path)
    assert not (tmp_path / "went-off").exists()
    pickle.loads((tmp_path / "model.synth").read_bytes())
    assert (tmp_path / "went-off").exists()


def test_a_changed_model_is_refused(model_dir, tmp_path):
    content = bytearray((model_dir / "small.synth").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "model.synth").write_bytes(content)
    with pytest.raises(ArtifactError):
        model_fn(tmp_path)


def test_importing_the_functions_loads_nothing_heavy_and_nothing_of_aws():
    told = subprocess.run(
        [sys.executable, "-c", "import synthhealth.aws.serving, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    loaded = {name.split(".")[0] for name in told}
    assert "synthhealth" in loaded
    assert not loaded & {"boto3", "sagemaker", "starlette", "uvicorn", "pandas", "torch", "sdv"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
nearly_requests = st.dictionaries(
    st.sampled_from(["num_rows", "seed", "conditions", "format", "rows"]),
    st.integers(-2, 200_000) | st.sampled_from(["csv", "json", "xml"]) | json_values,
)
bodies = (
    st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | nearly_requests.map(lambda value: json.dumps(value).encode())
    | st.lists(nearly_requests, max_size=3).map(
        lambda values: "\n".join(json.dumps(one) for one in values).encode()
    )
    | st.lists(
        st.lists(st.sampled_from(["num_rows", "seed", "format", "1", '"', "csv", ""]), max_size=4),
        max_size=4,
    ).map(lambda rows: "\n".join(",".join(row) for row in rows).encode())
)
content_types = st.sampled_from([None, "", JSON, LINES, CSV, "text/csv; charset=x", "a/b"])


@given(bodies, content_types)
def test_any_body_is_read_or_refused(sent, content_type):
    found: Requests | ServingError
    try:
        found = input_fn(sent, content_type)
    except ServingError as error:
        found = error
    if isinstance(found, ServingError):
        assert found.status in (400, 415)
        assert str(found)
    else:
        assert all(1 <= one.num_rows <= 100_000 for one in found.requests)


cells = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["F", "M", "2022-01-05", "2022-01-05T10:00:00+02:00", "50", "<5"])
)
columns = st.sampled_from(
    ["age", "crp", "platelets", "ferritin", "sex", "joint, side", "smoker", "visit"]
)


@given(conditions=st.dictionaries(columns, cells, min_size=1, max_size=3))
def test_any_condition_is_met_or_refused(conditions, model):
    reply = ask(model, Exchange("", body(num_rows=2, seed=1, conditions=conditions, format="json")))
    if reply.status == 200:
        assert len(json.loads(reply.body)) == 2
    else:
        assert reply.status in (400, 422)
