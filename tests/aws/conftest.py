"""A saved model whose table has every kind of cell that an answer must carry."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from server_process import Running, run_server

from synthhealth import Synthesizer
from synthhealth.aws.serving import model_fn


def small_table() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    n = 240
    age = rng.integers(18, 91, n)
    crp = pd.Series(np.round(rng.lognormal(1.0, 0.8, n), 1))
    crp[rng.random(n) < 0.2] = np.nan
    platelets = pd.Series(rng.integers(120, 480, n), dtype="Int64")
    platelets[rng.random(n) < 0.1] = pd.NA
    return pd.DataFrame(
        {
            "age": age,
            "crp": crp,
            "platelets": platelets,
            "ferritin": np.round(rng.gamma(3.0, 40.0, n), 1).astype("float32"),
            "sex": rng.choice(["F", "M"], n, p=[0.7, 0.3]),
            "joint, side": rng.choice(['Grundgelenk "links"', "Knöchel, rechts", "Hüfte"], n),
            "smoker": rng.random(n) < 0.3,
            "visit": pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
        }
    )


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    Synthesizer(random_state=0).fit(small_table()).save(folder / "small.synth")
    return folder


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    """AWS on the loopback; one for all tests, since the SageMaker SDK keeps its first client."""
    moto_server = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    session = pytest.importorskip("botocore.session", reason="boto3 is not installed")
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        # The services' descriptions are long: they are read once, not for each client.
        patch.setattr(session, "create_loader", cache(session.create_loader))
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws_environment(moto_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What makes boto3 talk to it, set here and given for other processes."""
    told = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": moto_endpoint,
    }
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return told


@pytest.fixture(scope="session")
def lambda_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Lambda runs."""
    pytest.importorskip("aws_lambda_powertools", reason="the extra lambda is not installed")
    folder = tmp_path_factory.mktemp("lambda") / "build"
    script = Path(__file__).parents[2] / "deploy" / "lambda" / "build.py"
    subprocess.run([sys.executable, script, folder], check=True, timeout=120)
    return folder


@pytest.fixture(scope="session")
def running(model_dir: Path) -> Iterator[Running]:
    """A server with the saved model."""
    pytest.importorskip("starlette", reason="the server needs the extra 'serve'")
    pytest.importorskip("uvicorn", reason="the server needs the extra 'serve'")
    with run_server(model_dir) as found:
        found.wait_until_listening()
        found.wait_until_loaded()
        yield found


@pytest.fixture(scope="session")
def model(model_dir: Path) -> Synthesizer:
    """The saved model, as a laptop loads it."""
    return model_fn(model_dir)
