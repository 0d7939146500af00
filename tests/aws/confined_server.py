"""Start the server with nothing to write to and no network, and print what it answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from namespace import ask, mount, raise_loopback, wait_until_ready


def make_read_only() -> None:
    """Take the right to write from every file system."""
    mount("--make-rprivate", "/")
    places = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in dict.fromkeys(places):
        if not place.startswith("/proc"):
            mount("-o", "remount,bind,ro", place)


def can_write() -> bool:
    """Try to make a file anywhere where temporary ones go."""
    try:
        with tempfile.TemporaryFile():
            return True
    except OSError:
        return False


def has_network() -> bool:
    """Try to reach an address that is documentation's."""
    try:
        socket.create_connection(("192.0.2.1", 80), timeout=2).close()
        return True
    except OSError:
        return False


def peak_memory(process: int) -> int:
    """Give the largest resident memory of a process, in MiB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def main(model_dir: str) -> None:
    """Read requests from the input, print the answers."""
    requests = json.load(sys.stdin)
    raise_loopback()
    make_read_only()
    server = subprocess.Popen(
        [sys.executable, "-m", "synthhealth.aws.server", "--model-dir", model_dir],
        stdout=sys.stderr,
        # All that there is: no home, and nobody's settings.
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd()},
    )
    try:
        seconds = wait_until_ready()
        answers = [ask(one) for one in requests]
        memory = peak_memory(server.pid)
    finally:
        server.terminate()
    told = {
        "seconds": seconds,
        "answers": answers,
        "memory": memory,
        "status": server.wait(40),
        "can_write": can_write(),
        "has_network": has_network(),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
