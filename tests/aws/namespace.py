"""What the processes share that run in namespaces of their own: no network, their own mounts.

They are started as root by ``unshare --mount --net --pid --fork --mount-proc``.
"""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from exchanges import Exchange, Reply

_SET_FLAGS, _UP_AND_RUNNING = 0x8914, 0x41


def raise_loopback() -> None:
    """Switch on the one network device there is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", _UP_AND_RUNNING)
        fcntl.ioctl(any_socket, _SET_FLAGS, request)


def mount(*arguments: str) -> None:
    """Mount for this namespace only."""
    subprocess.run(["mount", *arguments], check=True)


def ask(sent: dict[str, Any]) -> dict[str, Any]:
    """Send one request."""
    connection = HTTPConnection("127.0.0.1", 8080, timeout=60)
    connection.request(
        "POST", "/invocations", body=base64.b64decode(sent["body"]), headers=sent["headers"]
    )
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return {
        "status": answer.status,
        "headers": {name.lower(): value for name, value in answer.getheaders()},
        "body": base64.b64encode(content).decode(),
    }


def wait_until_ready() -> float:
    """Give the seconds until the server answers pings."""
    begin = time.monotonic()
    while time.monotonic() < begin + 90:
        try:
            connection = HTTPConnection("127.0.0.1", 8080, timeout=5)
            connection.request("GET", "/ping")
            if connection.getresponse().status == 200:
                return time.monotonic() - begin
        except OSError:
            pass
        time.sleep(0.2)
    raise TimeoutError


def run_in_namespace(script: Path, *arguments: object, given: str) -> str:
    """Run a script in its namespace; give what it prints."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a namespace of its own needs root and unshare")
    flags = ("--mount", "--net", "--pid", "--fork", "--mount-proc")
    done = subprocess.run(
        ["unshare", *flags, sys.executable, str(script), *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stderr[-5000:]
    return done.stdout


def encoded(exchange: Exchange) -> dict[str, object]:
    """Write an exchange's request as JSON can hold it."""
    given = {"Content-Type": exchange.content_type, "Accept": exchange.accept}
    return {
        "body": base64.b64encode(exchange.body).decode(),
        "headers": {name: value for name, value in given.items() if value is not None},
    }


def decoded(answer: dict[str, Any]) -> Reply:
    """Read what `ask` gave."""
    content = base64.b64decode(answer["body"])
    headers = answer["headers"]
    return Reply(answer["status"], headers.get("content-type", ""), content, headers)
