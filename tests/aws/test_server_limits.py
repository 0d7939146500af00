"""The server among clients that ask for too much, stall, or open far too many connections."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from exchanges import CSV, JSON, LINES, Exchange, body
from server_process import Running, run_server

from synthhealth import Synthesizer
from synthhealth.aws import serving
from synthhealth.aws.server import HEADER_SECONDS, MAX_CLIENT_CONNECTIONS
from synthhealth.aws.serving import MAX_ANSWER_BYTES, answer
from synthhealth.errors import AnswerTooLargeError

pytest.importorskip("starlette", reason="the server needs the extra 'serve'")
pytest.importorskip("uvicorn", reason="the server needs the extra 'serve'")

SMALL = Exchange("", body(num_rows=20, seed=1))
HEAD = b"POST /invocations HTTP/1.1\r\nHost: here\r\n"


@pytest.fixture
def one(model_dir: Path) -> Iterator[Running]:
    with run_server(model_dir) as process:
        process.wait_until_listening()
        process.wait_until_loaded()
        assert process.invoke(SMALL).status == 200
        yield process


def connected(one: Running, count: int, sent: bytes, until: ExitStack) -> list[socket.socket]:
    made = []
    for _ in range(count):
        made.append(until.enter_context(socket.create_connection(("127.0.0.1", one.port), 60)))
        made[-1].sendall(sent)
    return made


def received(client: socket.socket) -> bytes:
    """Give all that comes until the server closes the connection."""
    parts = []
    while part := client.recv(4096):
        parts.append(part)
    return b"".join(parts)


def test_clients_that_stall_keep_nobody_waiting(one):
    with ExitStack() as until:
        begin = time.monotonic()
        half = connected(one, 150, HEAD + b"X-Note: ", until)
        kept = connected(one, 1, b"GET /ping HTTP/1.1\r\nHost: here\r\n\r\n", until)[0]
        assert kept.recv(4096).startswith(b"HTTP/1.1 200")
        connected(one, 74, HEAD + b"Content-Length: 100\r\n\r\n{", until)
        waits = []
        for _ in range(20):
            asked = time.monotonic()
            assert one.invoke(SMALL).status == 200
            waits.append(time.monotonic() - asked)
        assert sorted(waits)[10] < 2
        # A little of the header now and then wins no time.
        for client in half[:20]:
            client.sendall(b"a")
        for client in half:
            answered = received(client)
            assert answered.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
            assert json.loads(answered.split(b"\r\n\r\n")[1])["status"] == 408
        assert HEADER_SECONDS - 1 < time.monotonic() - begin < HEADER_SECONDS + 10
        # A connection that rests between two requests is another matter.
        kept.sendall(b"GET /ping HTTP/1.1\r\nHost: here\r\n\r\n")
        assert kept.recv(4096).startswith(b"HTTP/1.1 200")


def test_a_client_has_so_many_connections_and_no_more(one):
    with ExitStack() as until:
        connected(one, MAX_CLIENT_CONNECTIONS, b"", until)
        (refused,) = connected(one, 1, b"", until)
        answered = received(refused)
        assert answered.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
        assert json.loads(answered.split(b"\r\n\r\n")[1])["error"] == "BusyError"
    # Closed ones are counted no more.
    end = time.monotonic() + 30
    while True:
        try:
            assert one.invoke(SMALL).status == 200
            break
        except (AssertionError, OSError):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_a_body_that_says_it_is_far_too_long_is_refused_unread(one):
    with ExitStack() as until:
        (client,) = connected(one, 1, HEAD + b"Content-Length: 999999999999\r\n\r\n", until)
        begin = time.monotonic()
        assert client.recv(4096).startswith(b"HTTP/1.1 413")
        assert time.monotonic() - begin < 5


@pytest.mark.parametrize("accept", [JSON, LINES, CSV])
def test_an_answer_that_cannot_fit_is_refused_after_a_few_rows(accept, model_dir, monkeypatch):
    model = serving.model_fn(str(model_dir))
    drawn = []
    sample = Synthesizer.sample

    def counted(self: Synthesizer, n: int, **named: object) -> object:
        drawn.append(n)
        return sample(self, n, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Synthesizer, "sample", counted)
    whole = answer(model, body(num_rows=6_000, seed=1), JSON, accept).body
    # Twice as many as fit are refused at once, and with the number that fits.
    limit = len(whole) // 2
    monkeypatch.setattr(serving, "MAX_ANSWER_BYTES", limit)
    drawn.clear()
    with pytest.raises(AnswerTooLargeError, match=r"about 2,9\d\d|about 3,0\d\d"):
        answer(model, body(num_rows=6_000, seed=1), JSON, accept)
    assert drawn == [serving.TRIAL]
    # What just fits is given.
    monkeypatch.setattr(serving, "MAX_ANSWER_BYTES", len(whole))
    assert answer(model, body(num_rows=6_000, seed=1), JSON, accept).body == whole
    assert limit < MAX_ANSWER_BYTES
