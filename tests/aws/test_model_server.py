"""The script-mode entry point within AWS's model server, asked over HTTP."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from exchanges import BAD, GOOD, JSON, Exchange, Reply, body, check
from namespace import decoded, encoded, run_in_namespace
from test_script_mode import DECODED, ENTRY

pytestmark = pytest.mark.toolkits

SCRIPT = Path(__file__).with_name("model_server_in_namespace.py")

EXCHANGES = [one for one in (*GOOD, *BAD) if one.name not in DECODED]
WITHOUT_SEED = Exchange("without a seed", body(num_rows=5))


@pytest.fixture(scope="module")
def replies(model_dir: Path) -> dict[str, Reply]:
    pytest.importorskip("mms", reason="multi-model-server is not installed")
    if shutil.which("java") is None:
        pytest.skip("AWS's model server needs Java")
    exchanges = [*EXCHANGES, WITHOUT_SEED]
    printed = run_in_namespace(
        SCRIPT,
        model_dir,
        ENTRY,
        given=json.dumps([encoded(one) for one in exchanges]),
    )
    told = json.loads(printed)
    sys.stdout.write(f"\nAWS's model server was ready after {told['seconds']:.1f} s\n")
    return {
        one.name: decoded(answer) for one, answer in zip(exchanges, told["answers"], strict=True)
    }


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda one: one.name)
def test_model_server_answers_as_the_table_says(exchange, replies, model):
    check(exchange, replies[exchange.name], model)


def test_the_drawn_seed_comes_through_the_model_server(replies, model):
    reply = replies[WITHOUT_SEED.name]
    assert (reply.status, reply.media_type) == (200, JSON)
    told = reply.headers["x-amzn-sagemaker-custom-attributes"]
    again = model.sample(5, random_state=int(told.removeprefix("synthhealth-seed=")))
    assert [row["age"] for row in json.loads(reply.body)] == again["age"].tolist()
