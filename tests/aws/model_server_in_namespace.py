"""Start AWS's model server, send it requests, and print what it answers.

It listens on all addresses and writes to ``/etc`` and ``/opt``, which in a namespace are its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from namespace import ask, mount, raise_loopback, wait_until_ready

TEMPORARY = Path("/opt/temporary")


def prepare(model_dir: Path, entry: Path) -> None:
    """Lay out a container's folders."""
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "tmpfs", "/opt")
    shutil.copytree(model_dir, "/opt/ml/model")
    shutil.copytree(entry, "/opt/ml/model/code")
    for name in ("upper", "work"):
        Path("/opt", name).mkdir()
    layers = "lowerdir=/etc,upperdir=/opt/upper,workdir=/opt/work"
    mount(
        "-t",
        "overlay",
        "overlay",
        "-o",
        layers,
        "/etc",
    )
    TEMPORARY.mkdir()
    os.chdir(TEMPORARY)


def main(model_dir: str, entry: str) -> None:
    """Read requests from the input, print the answers."""
    requests = json.load(sys.stdin)
    raise_loopback()
    prepare(Path(model_dir), Path(entry))
    begin = "from sagemaker_inference.model_server import start_model_server; start_model_server()"
    server = subprocess.Popen(
        [sys.executable, "-c", begin],
        stdout=sys.stderr,
        env={
            **os.environ,
            "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
            # It leaves its process number there, and where it finds one does not begin.
            "TMPDIR": str(TEMPORARY),
            "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={TEMPORARY}",
        },
    )
    try:
        seconds = wait_until_ready()
        answers = [ask(one) for one in requests]
    finally:
        server.terminate()
    sys.stdout.write(json.dumps({"seconds": seconds, "answers": answers}))


if __name__ == "__main__":
    main(*sys.argv[1:])
