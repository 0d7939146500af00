"""The server under load: many clients, among them some that send nonsense or far too much."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest
from exchanges import BAD, CSV, JSON, LINES, SECRET, Exchange, body
from server_process import Running, run_server

from synthhealth.aws.server import MAX_BODY_BYTES
from synthhealth.aws.serving import answer, model_fn

pytest.importorskip("starlette", reason="the server needs the extra 'serve'")
pytest.importorskip("uvicorn", reason="the server needs the extra 'serve'")
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="memory is read as Linux says"
)

N_CLIENTS, N_SEEDS, N_ROWS = 8, 48, 20

#: Of twenty requests one is malformed and one has too many bytes.
_EVERY, _MALFORMED, _OVERSIZED = 20, 3, 13

_BAD = [one for one in BAD if len(one.body) < 2**20 and one.name != "too many bytes"]


@dataclass(frozen=True)
class Answered:
    """One request: what was sent, what came, how long it took."""

    exchange: Exchange
    wanted: bytes | None
    status: int
    body: bytes
    seconds: float

    @property
    def is_right(self) -> bool:
        if self.status != self.exchange.status or SECRET.encode() in self.body:
            return False
        return self.wanted is None or self.body == self.wanted


class Client:
    """Keeps its connection, as SageMaker's own front does."""

    def __init__(self, running: Running) -> None:
        self._connection = HTTPConnection("127.0.0.1", running.port, timeout=120)

    def send(self, exchange: Exchange, wanted: bytes | None) -> Answered:
        given = {"Content-Type": exchange.content_type, "Accept": exchange.accept}
        headers = {name: value for name, value in given.items() if value is not None}
        begin = time.monotonic()
        self._connection.request("POST", "/invocations", body=exchange.body, headers=headers)
        answer = self._connection.getresponse()
        content = answer.read()
        return Answered(exchange, wanted, answer.status, content, time.monotonic() - begin)

    def close(self) -> None:
        self._connection.close()


def planned(model_dir: Path) -> Callable[[int], tuple[Exchange, bytes | None]]:
    """Give what is sent at each place, and the bytes that must come."""
    model = model_fn(model_dir)
    good = []
    for seed in range(N_SEEDS):
        sent, accept = body(num_rows=N_ROWS, seed=seed), (JSON, CSV, LINES)[seed % 3]
        wanted = answer(model, sent, JSON, accept).body
        good.append((Exchange("", sent, JSON, accept), wanted))
    oversized = Exchange("", b" " * (MAX_BODY_BYTES + 1), status=413)

    def plan(place: int) -> tuple[Exchange, bytes | None]:
        if place % _EVERY == _MALFORMED:
            return _BAD[place // _EVERY % len(_BAD)], None
        if place % _EVERY == _OVERSIZED:
            return oversized, None
        return good[place * 7 % N_SEEDS]

    return plan


def memory(running: Running) -> dict[str, int]:
    """Give the resident memory of the server, now and at most so far, in MiB."""
    lines = Path(f"/proc/{running.process.pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[name].split()[0]) // 1024 for name in ("VmRSS", "VmHWM")}


def put_under_load(model_dir: Path, n_requests: int) -> None:
    plan = planned(model_dir)
    begin = time.monotonic()
    with run_server(model_dir) as running:
        running.wait_until_listening()
        running.wait_until_loaded()
        assert Client(running).send(*plan(0)).is_right
        first_answer = time.monotonic() - begin

        def run(client: int, start: int, stop: int) -> list[Answered]:
            connected = Client(running)
            places = range(start + client, stop, N_CLIENTS)
            answered = [connected.send(*plan(place)) for place in places]
            connected.close()
            return answered

        def all_clients(start: int, stop: int) -> list[Answered]:
            with ThreadPoolExecutor(N_CLIENTS) as pool:
                runs = pool.map(lambda client: run(client, start, stop), range(N_CLIENTS))
                return [one for answered in runs for one in answered]

        # What is loaded and kept by the first requests of each kind is no growth.
        warm = max(100, n_requests // 10)
        answered = all_clients(0, warm)
        before = memory(running)
        begin = time.monotonic()
        answered += all_clients(warm, n_requests)
        seconds = time.monotonic() - begin
        after = memory(running)
        log = running.log

    assert len(answered) == n_requests
    statuses = Counter(one.status for one in answered)
    drawn = [one for one in answered if one.status == 200]
    p50, p99 = np.percentile([one.seconds * 1000 for one in drawn], [50, 99])
    others = [one.seconds * 1000 for one in answered if one.status != 200]
    figures = {
        "requests": n_requests,
        "clients": N_CLIENTS,
        "statuses": dict(sorted(statuses.items())),
        "requests per second": round((n_requests - warm) / seconds, 1),
        "p50 ms": round(p50),
        "p99 ms": round(p99),
        "p99 of refusals ms": round(np.percentile(others, 99)),
        "memory MiB before": before,
        "memory MiB after": after,
        "start to first answer s": round(first_answer, 2),
    }
    sys.stdout.write("\n" + json.dumps(figures) + "\n")
    assert all(one.is_right for one in answered)
    # None is refused for want of room: fewer clients than may wait.
    assert not [status for status in statuses if status >= 500]
    assert statuses[413] == n_requests // _EVERY
    assert after["VmRSS"] < 1.05 * before["VmRSS"] + 10
    assert after["VmHWM"] < 1.05 * before["VmHWM"] + 10
    assert "Traceback" not in log
    assert SECRET not in log


def test_a_hundred_and_twenty_requests_are_answered_rightly(model_dir):
    put_under_load(model_dir, 120)


@pytest.mark.slow
def test_ten_thousand_requests_are_answered_rightly(model_dir):
    put_under_load(model_dir, 10_000)
