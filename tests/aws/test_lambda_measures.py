"""What preparation costs, printed: ``pytest -m slow -s tests/aws/test_lambda_measures.py``."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

#: 1 GB of a laboratory's table: 14 columns, decimal comma, Windows line ends, some missing values.
STREAM = """
import itertools, json, random, sys, time
from synthhealth.aws.preprocess import prepare
rng = random.Random(0)
lab = [f"lab_{n}" for n in range(10)]
columns = [{"name": name, "kind": "continuous", "unit": "mg/L"} for name in lab] + [
    {"name": "sex", "kind": "nominal", "levels": ["F", "M"]}, {"name": "age", "kind": "count"},
    {"name": "joint", "kind": "text"}, {"name": "visit", "kind": "datetime"}]
def number():
    drawn = rng.random()
    if drawn < 0.05:
        return rng.choice(["", "n.d.", "< 0,5"])
    return f"{rng.lognormvariate(1, 1):.2f}".replace(".", ",")
def row():
    day = f"{rng.randrange(1, 28):02}.{rng.randrange(1, 13):02}.{rng.randrange(2010, 2025)}"
    return [*(number() for _ in lab), rng.choice("FM"), str(rng.randrange(18, 90)),
            rng.choice(["Grundgelenk", "Knöchel", "Hüfte"]), day]
block = "".join(";".join(row()) + "\\r\\n" for _ in range(50_000)).encode()
def pieces():
    yield (";".join(one["name"] for one in columns) + "\\r\\n").encode()
    for _ in range(int(sys.argv[1]) // len(block) + 1):
        yield from (block[at : at + (1 << 20)] for at in range(0, len(block), 1 << 20))
began = time.process_time()
table = prepare(pieces(), json.dumps({"columns": columns}))
for chunk in table:
    pass
seconds = time.process_time() - began
assert table.report.decision == "clean", table.report.reason
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))
print(round(seconds), table.report.n_rows, peak)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_one_gigabyte_through_preparation() -> None:
    command = [sys.executable, "-c", STREAM, str(10**9)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1800)
    seconds, rows, peak = map(int, told.stdout.split())
    # With 512 MB Lambda gives a function 512 / 1769 of a virtual processor.
    sys.stdout.write(
        f"\n1 GB, {rows:,} rows: {seconds} s of one processor ({1000 / seconds:.1f} MB/s), "
        f"{seconds * 1769 / 512:.0f} s of Lambda's share at 512 MB; peak memory {peak} MB\n"
    )
    assert peak < 200


def test_cold_import(lambda_package: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "eu-central-1",
        "PYTHONDONTWRITEBYTECODE": "1",  # as in Lambda, where the package cannot be written
        "IDEMPOTENCY_TABLE": "done",
    }
    took = []
    for _ in range(5):
        began = time.monotonic()
        code = "import handler; handler.worker()"
        command = [sys.executable, "-c", code]
        subprocess.run(command, check=True, cwd=lambda_package, env=environment, timeout=60)
        took.append(time.monotonic() - began)
    sys.stdout.write(f"\nstart of Python, import and clients: {sorted(took)[2]:.2f} s\n")
    size = sum(one.stat().st_size for one in lambda_package.rglob("*") if one.is_file())
    sys.stdout.write(f"the package: {size / 1e6:.1f} MB\n")
