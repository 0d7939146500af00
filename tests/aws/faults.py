"""A proxy in front of a service, that fails as told."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

__all__ = ["Fault", "FaultyProxy"]

SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code>'
    b"<Message>Please reduce your request rate.</Message></Error>"
)


@dataclass
class Fault:
    """What goes wrong with a request whose method and address, joined by a blank, hold a text.

    Attributes
    ----------
    where : str
        The text.
    status : int
        What is answered instead of the service; 0: its own answer, whose body ends in the middle.
    times : int
        How many such requests fail; others pass.
    skipped : int
        How many such requests pass before.
    """

    where: str
    status: int
    times: int = 1_000_000
    skipped: int = 0


class FaultyProxy:
    """Passes requests on to a service and its answers back, but for faults.

    Attributes
    ----------
    seen : list of str
        Method and address of all requests so far.
    before : callable or None
        Called with each request's method and address before it is passed on.
    """

    def __init__(self, service: str) -> None:
        self.faults: list[Fault] = []
        self.seen: list[str] = []
        self.before: Callable[[str], None] | None = None
        self._lock = threading.Lock()
        self._service = urlsplit(service).netloc
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._requests())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # It looks every 20 ms whether it is to end.
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> FaultyProxy:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def count(self, where: str) -> int:
        """Give how many requests so far hold a text."""
        return sum(where in one for one in self.seen)

    def _fault(self, told: str) -> Fault | None:
        with self._lock:
            self.seen.append(told)
            for fault in self.faults:
                if fault.where in told and fault.times > 0:
                    if fault.skipped > 0:
                        fault.skipped -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def _requests(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Requests(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

            def handle_one_request(self) -> None:
                # A client that is killed in the middle leaves its connection broken.
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                told = f"{self.command} {self.path} {self.headers['X-Amz-Target'] or ''}"
                if proxy.before is not None:
                    proxy.before(told)
                fault = proxy._fault(told)
                if fault is not None and fault.status:
                    self._answer(fault.status, [("Content-Type", "application/xml")], SLOW_DOWN)
                    return
                connection = http.client.HTTPConnection(proxy._service, timeout=60)
                # As it came: the signature is over the host, too.
                connection.request(self.command, self.path, body, dict(self.headers.items()))
                answer = connection.getresponse()
                content = answer.read()
                connection.close()
                cut = len(content) // 2 if fault is not None else None
                self._answer(answer.status, answer.getheaders(), content, cut)

            def do_GET(self) -> None:
                self._pass_on()

            def do_PUT(self) -> None:
                self._pass_on()

            def do_POST(self) -> None:
                self._pass_on()

            def do_HEAD(self) -> None:
                self._pass_on()

            def do_DELETE(self) -> None:
                self._pass_on()

            def _answer(
                self,
                status: int,
                headers: list[tuple[str, str]],
                content: bytes,
                cut: int | None = None,
            ) -> None:
                self.send_response_only(status)
                length = str(len(content))
                for name, value in headers:
                    if name.lower() == "content-length":
                        length = value  # of a HEAD, what a GET would have
                    elif name.lower() not in ("connection", "transfer-encoding"):
                        self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", length)
                self.end_headers()
                self.wfile.write(content[:cut])
                if cut is not None:
                    self.close_connection = True

        return Requests
