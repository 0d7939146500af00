"""The server where nothing can be written, without a network and without a home."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from exchanges import BAD, GOOD, check
from namespace import decoded, encoded, run_in_namespace

from synthhealth.aws.serving import model_fn

pytestmark = pytest.mark.toolkits

SCRIPT = Path(__file__).with_name("confined_server.py")


def test_server_needs_no_network_no_home_and_writes_nothing(model_dir):
    exchanges = [*GOOD, *BAD]
    printed = run_in_namespace(
        SCRIPT, model_dir, given=json.dumps([encoded(one) for one in exchanges])
    )
    told = json.loads(printed)
    assert not told["can_write"]
    assert not told["has_network"]
    assert told["status"] == 0
    sys.stdout.write(
        f"\nready after {told['seconds']:.1f} s, at most {told['memory']} MiB resident\n"
    )
    model = model_fn(model_dir)
    for exchange, answer in zip(exchanges, told["answers"], strict=True):
        check(exchange, decoded(answer), model)
