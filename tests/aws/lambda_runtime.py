"""A Lambda Runtime API on the loopback, and AWS's own runtime client driven by it.

The client (`awslambdaric`) asks for the next event, calls the handler and posts what it gave, as it
does in Lambda: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

__all__ = ["Answer", "LambdaRuntime", "deliver"]

_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:prepare"
#: Seconds that are waited for an answer.
_LONGEST = 900


@dataclass(frozen=True)
class Answer:
    """What came of an event: what the handler gave, or the error that it raised."""

    content: Any
    is_error: bool


class LambdaRuntime:
    """A handler in a process of its own, given one event after another.

    Parameters
    ----------
    handler : str
        Module and function, ``handler.handler``.
    folder : Path
        Where the module lies; the process runs there.
    environment : mapping
        The process's whole environment, but for what Lambda itself adds.
    seconds : float
        The function's timeout, as its context says it; nothing stops the function then.
    log : Path, optional
        A file that gets what the process says.
    """

    def __init__(
        self,
        handler: str,
        folder: Path,
        environment: Mapping[str, str],
        *,
        seconds: float = 60,
        log: Path | None = None,
    ) -> None:
        self._events: queue.SimpleQueue[tuple[str, Any] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._seconds = seconds
        self._ids = itertools.count(1)
        self._log = (log or Path(os.devnull)).open("ab")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._requests())
        self._server.daemon_threads = True
        # It looks every 20 ms whether it is to end.
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=folder,
            env={
                **environment,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
                "AWS_LAMBDA_FUNCTION_NAME": "prepare",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_LOG_FORMAT": "JSON",
                "AWS_LAMBDA_LOG_LEVEL": "INFO",
                "_HANDLER": handler,
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def __enter__(self) -> LambdaRuntime:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._log.close()

    def invoke(self, event: Any) -> Answer:
        """Give an event to the handler and wait for what comes of it."""
        self.begin(event)
        until = time.monotonic() + _LONGEST
        while time.monotonic() < until:
            try:
                return self._answers.get(timeout=0.2)
            except queue.Empty:
                if self.process.poll() is not None:
                    raise RuntimeError(f"the runtime ended: {self.process.returncode}") from None
        raise TimeoutError("the handler did not answer in time")

    def begin(self, event: Any) -> None:
        """Give an event to the handler without waiting."""
        self._events.put((f"request-{next(self._ids)}", event))

    def peak_megabytes(self) -> float:
        """Give the process's peak memory; that of `getrusage` begins at its parent's."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def _requests(self) -> type[BaseHTTPRequestHandler]:
        events, answers, seconds = self._events, self._answers, self._seconds

        class Requests(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                given = events.get()
                if given is None:
                    self.close_connection = True
                    return
                name, event = given
                body = json.dumps(event).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Lambda-Runtime-Aws-Request-Id", name)
                deadline = int((time.time() + seconds) * 1000)
                self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", _ARN)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                is_error = not self.path.endswith("/response")
                answers.put(Answer(json.loads(body or b"null"), is_error))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

        return Requests


def deliver(
    sqs: Any, url: str, invoke: Callable[[dict[str, Any]], Answer], *, most: int = 1000
) -> list[bool]:
    """Do what an event source mapping does with a queue, one message at a time.

    Messages that the function does not report as failed are deleted; the others may be received
    again at once, not after the visibility timeout, and are at last moved by the queue itself.

    Returns
    -------
    list of bool
        Of each call of the function, whether the message was done. It ends when nothing is left
        to be received, or after `most` calls.
    """
    done: list[bool] = []
    while len(done) < most:
        received = sqs.receive_message(QueueUrl=url, AttributeNames=["All"]).get("Messages")
        if not received:
            break
        (message,) = received
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "awsRegion": "eu-central-1",
        }
        answer = invoke({"Records": [record]})
        done.append(not answer.is_error and answer.content == {"batchItemFailures": []})
        told = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
        if done[-1]:
            sqs.delete_message(**told)
        else:
            sqs.change_message_visibility(**told, VisibilityTimeout=0)
    return done
