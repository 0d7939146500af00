"""Training jobs as SageMaker lays them out: a folder such as /opt/ml."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from synthhealth.io import write_table

ENTRY = Path(__file__).resolve().parents[2] / "deploy" / "sagemaker" / "train.py"

#: What a job of these tests is told, in the plain text of `CreateTrainingJob`.
PARAMETERS = {
    "margin": "norm",
    "log_scale": "False",
    "random_state": "7",
    "num_rows": "90",
}

RESULTS = {
    "model/model.synth",
    "model/manifest.json",
    "output/data/report.html",
    "output/data/report.json",
    "output/data/manifest.json",
}


def cohort(n: int = 80, seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(30, 80, n),
            "crp": np.round(rng.lognormal(1.0, 0.8, n), 1),
            "sex": rng.choice(["F", "M"], n),
        }
    )


def lay_out(
    base: Path,
    table: pd.DataFrame | None = None,
    parameters: Mapping[str, str] | None = PARAMETERS,
    hosts: Sequence[str] = ("localhost",),
) -> Path:
    """Make the folder of a job, with a table in its channel `training`."""
    for name in ("model", "input/config", "input/data/training", "output/data"):
        (base / name).mkdir(parents=True, exist_ok=True)
    write_table(cohort() if table is None else table, base / "input/data/training/table.csv")
    resources = {
        "current_host": hosts[0],
        "hosts": list(hosts),
        "current_instance_type": "ml.m5.large",
        "current_group_name": "homogeneousCluster",
        "instance_groups": [
            {
                "instance_group_name": "homogeneousCluster",
                "instance_type": "ml.m5.large",
                "hosts": list(hosts),
            }
        ],
        "network_interface_name": "eth0",
    }
    channel = {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    configure(base, "resourceconfig", resources)
    configure(base, "inputdataconfig", {"training": channel})
    if parameters is not None:
        configure(base, "hyperparameters", dict(parameters))
    return base


def configure(base: Path, name: str, content: Any) -> None:
    (base / "input/config" / f"{name}.json").write_text(json.dumps(content))


def surroundings(**more: str) -> dict[str, str]:
    """Give the environment of a container: this one's without what launchers set."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SM_", "SAGEMAKER_", "TRAINING_JOB"))
    }
    return {**kept, "OMP_NUM_THREADS": "1", **more}


def start(base: Path, command: Sequence[str] = ("-m", "synthhealth.aws", "train"), **more: str):
    """Start a job in a process of its own."""
    return subprocess.Popen(
        [sys.executable, *command],
        env=surroundings(SAGEMAKER_BASE_DIR=str(base), PYTHONUNBUFFERED="1", **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=base,
    )


def files_in(base: Path) -> set[str]:
    return {
        path.relative_to(base).as_posix()
        for folder in ("model", "output")
        for path in (base / folder).rglob("*")
        if path.is_file()
    }


def model_bytes(base: Path) -> bytes:
    return (base / "model/model.synth").read_bytes()


def failure(base: Path) -> str:
    return (base / "output/failure").read_text(encoding="utf-8")


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Give each plain value of a JSON document by its path: two of them differ in few places."""
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    else:
        return {path: value}
    return {at: leaf for key, part in parts for at, leaf in leaves(part, f"{path}/{key}").items()}
