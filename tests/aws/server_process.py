"""The server as a process of its own, and a client of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from exchanges import Exchange, Reply

__all__ = ["Running", "run_server"]


class Running:
    """A server process and what it has logged."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.port = 0
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                self._listening.set()
        self._listening.set()

    def wait_until_listening(self) -> None:
        assert self._listening.wait(60)
        assert self.port, self.log

    def wait_until_loaded(self) -> None:
        until = time.monotonic() + 120
        while (status := self.get("/ping").status) != 200:
            assert status == 503
            assert time.monotonic() < until
            time.sleep(0.05)

    def end(self, timeout: float = 60) -> int:
        status = self.process.wait(timeout)
        self._reader.join()
        return status

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def get(self, path: str, method: str = "GET") -> Reply:
        return self.ask(method, path, b"", {})

    def ask(self, method: str, path: str, sent: bytes, headers: Mapping[str, str]) -> Reply:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.request(method, path, body=sent, headers=headers)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, headers.get("content-type", ""), answer.read(), headers)
        finally:
            connection.close()

    def invoke(self, exchange: Exchange) -> Reply:
        given = {"Content-Type": exchange.content_type, "Accept": exchange.accept}
        headers = {name: value for name, value in given.items() if value is not None}
        return self.ask("POST", "/invocations", exchange.body, headers)


@contextmanager
def run_server(model_dir: Path) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-m", "synthhealth.aws.server", "--host", "127.0.0.1"],
        env={**os.environ, "SM_MODEL_DIR": str(model_dir), "SAGEMAKER_BIND_TO_PORT": "0"},
        stderr=subprocess.PIPE,
        text=True,
    )
    running = Running(process)
    try:
        yield running
    finally:
        process.kill()
        running.end()
