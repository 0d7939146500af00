"""What the library makes, as hashes: the same before and after a change that is to change nothing.

``SYNTHHEALTH_RECORD=FILE pytest -m record`` writes what is not in the file yet, and compares what
is. Run it before the change and after every step. Hashes hold on one machine, with the same
versions of all packages; so the file is none of the project's.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.models import about, available
from synthhealth.schema import propose

pytestmark = [pytest.mark.record, pytest.mark.usefixtures("as_for_users")]

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
#: What depends on the moment of a run: times of day, durations, folders, the hashes of such files.
MOMENTS = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\.\d+)?(Z|\+00:00|[+-]\d\d:\d\d)?"
    r"|\d+([.:]\d+)* ?(s|seconds?|minutes?|ms)\b|\b[0-9a-f]{64}\b|\b[0-9a-f]{16}\b"
)
PARAMETERS: Mapping[str, Mapping[str, object]] = {
    "ctgan": {"steps": 20},
    "copula_gan": {"steps": 20},
    "tvae": {"steps": 20},
}


def messy() -> pd.DataFrame:
    """A table with all that makes columns hard: limits, gaps, codes, dates, visits, identifiers."""
    rng = np.random.default_rng(11)
    n, visits = 60, 2
    rows = n * visits
    crp = rng.lognormal(1, 1, rows).round(1).astype(object)
    crp[rng.random(rows) < 0.2] = "<0.5"
    crp[rng.random(rows) < 0.1] = None
    crp[3] = "haemolysed"
    day = pd.Timestamp("2021-03-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D")
    return pd.DataFrame(
        {
            "patient_id": np.repeat([f"P-{1000 + 7 * i}" for i in range(n)], visits),
            "name": np.repeat([f"Marta{i} Weber{i}" for i in range(n)], visits),
            "sex": np.repeat(rng.choice(["F", "M"], n), visits),
            "age": np.repeat(rng.integers(20, 90, n), visits),
            "seen": day.strftime("%d.%m.%Y"),
            "crp": crp,
            "bp": [f"{s}/{s - 45}" for s in rng.integers(105, 180, rows)],
            "weight": rng.normal(75, 12, rows).round(1),
            "grade": pd.Categorical(rng.choice(["low", "mid", "high"], rows), ordered=True),
            "smoker": rng.choice(["yes", "no", "n/a"], rows, p=[0.3, 0.6, 0.1]),
            "empty": np.full(rows, np.nan),
            "site": "Cairo",
        }
    )


def clinical() -> pd.DataFrame:
    root = sh.datasets.find_data_root()
    if root is None or not (root / "pbc").is_dir():
        pytest.skip("the public table 'pbc' is not here (set SYNTHHEALTH_DATA)")
    return sh.datasets.load_folder(root / "pbc")


TABLES: Mapping[str, Callable[[], pd.DataFrame]] = {
    "demo": sh.datasets.load_ra_panel,
    "messy": messy,
    "clinical": clinical,
}


@pytest.fixture(scope="module")
def record() -> Callable[[str, Mapping[str, bytes]], None]:
    file = os.environ.get("SYNTHHEALTH_RECORD")
    if not file:
        pytest.skip("set SYNTHHEALTH_RECORD to the file that keeps the hashes")
    path = Path(file)
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def compare(case: str, made: Mapping[str, bytes]) -> None:
        found = {
            f"{case}: {name}": hashlib.sha256(content).hexdigest() for name, content in made.items()
        }
        differ = [name for name, digest in found.items() if kept.get(name, digest) != digest]
        folder = os.environ.get("SYNTHHEALTH_RECORD_CONTENT")
        if folder:
            for name, content in made.items():
                place = Path(folder, re.sub(r"[^\w.-]+", "_", f"{case} {name}"))
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        kept.update({name: digest for name, digest in found.items() if name not in kept})
        path.write_text(json.dumps(kept, indent=1, sort_keys=True))
        assert not differ

    return compare


def timeless(text: str, folder: Path) -> bytes:
    """Take out of a text what depends on the moment and the folder."""
    return MOMENTS.sub("_", text.replace(str(folder), "")).encode()


def members(path: Path) -> dict[str, bytes]:
    """Give the members of a saved model, the manifest without times."""
    with zipfile.ZipFile(path) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(found["manifest.json"])
    manifest.pop("created")
    if manifest.get("training"):
        manifest["training"].pop("seconds")
    # The hash of all content holds only what is hashed here, and the times.
    manifest.pop("content_sha256", None)
    return found | {"manifest.json": json.dumps(manifest, sort_keys=True).encode()}


def exact(table: pd.DataFrame) -> bytes:
    return (table.to_csv() + str(table.dtypes.astype(str).to_dict())).encode()


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("family", [one for one in available() if not about(one).is_formal])
def test_models(family, name, seed, record, tmp_path):
    real = TABLES[name]()
    schema = propose(real).schema.with_protection("drop")
    model = sh.Synthesizer(
        family, schema=schema, random_state=seed, **PARAMETERS.get(family, {})
    ).fit(real)
    made = {
        "schema": model.schema_.to_yaml().encode(),
        "first": exact(model.sample(50)),
        "second": exact(model.sample(20)),
        "seeded": exact(model.sample(20, random_state=5)),
        "parameters": json.dumps(model.get_params(), default=str, sort_keys=True).encode(),
    }
    path = model.save(tmp_path / "model.synth")
    made |= members(path)
    loaded = sh.load(path)
    fake = loaded.sample(len(real))
    made["loaded"] = exact(fake)
    if seed == 0:
        report = sh.evaluate(
            real, fake, schema=model.schema_, real_is="training", created=NOON, title="x"
        )
        report.to_json(tmp_path / "report.json")
        report.to_html(tmp_path / "report.html")
        made["report.json"] = (tmp_path / "report.json").read_bytes()
        made["report.html"] = (tmp_path / "report.html").read_bytes()
        made["summary"] = report.summary().encode()
        made["judged"] = timeless(model.evaluate(synthetic=fake).summary(), tmp_path)
    record(f"{family} {name} {seed}", made)


def test_cross_evaluation(record):
    report = sh.Synthesizer(random_state=0).cross_evaluate(sh.datasets.load_ra_panel(), k=2)
    record("cross-evaluation", {"summary": report.summary().encode()})


@pytest.mark.parametrize("name", TABLES)
def test_verbs(name, record, tmp_path, monkeypatch):
    real = TABLES[name]()
    monkeypatch.chdir(tmp_path)
    real.to_csv("real.csv", index=False)
    steps = {
        "schema": "schema real.csv --protect drop --out schema.yaml",
        "proposal": "schema real.csv",
        "describe": "describe real.csv",
        "describe json": "describe real.csv --json",
        "run": "run real.csv --out out --seed 0 --protect drop",
        "fit": "fit real.csv --out model.synth --seed 0 --protect drop",
        "sample": "sample model.synth --rows 30 --out fake.csv",
        "evaluate": "evaluate real.csv out/synthetic.csv --schema schema.yaml --out report",
        "inspect": "inspect model.synth",
        "inspect data": "inspect model.synth --data real.csv",
        "verify": "verify model.synth",
        "refusal": "fit real.csv --out other.synth --drop nothing",
        "bad model": "sample real.csv --rows 3",
        "trend": "trend out report",
    }
    made = {}
    for step, line in steps.items():
        result = CliRunner().invoke(app, line.split())
        made[step] = timeless(f"{result.exit_code}\n{result.output}", tmp_path)
    for file in ("schema.yaml", "fake.csv", "out/synthetic.csv"):
        made[file] = Path(file).read_bytes()
    record(f"verbs {name}", made)


def test_help_and_lists(record, tmp_path):
    lines = ["--help", "models", *(f"models {family}" for family in available()), "datasets"]
    verbs = "demo run cross-evaluate schema describe evaluate trend fit sample inspect verify sign"
    lines += [f"{verb} --help" for verb in verbs.split()]
    record(
        "help",
        {line: timeless(CliRunner().invoke(app, line.split()).output, tmp_path) for line in lines},
    )


KEY = "--kms-key arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECURE = (
    f"{KEY} --subnet subnet-0a1b2c3d --security-group sg-0a1b2c3d"
    " --image 111122223333.dkr.ecr.eu-central-1.amazonaws.com/x:1"
    " --role arn:aws:iam::111122223333:role/synthhealth"
)
DATA = "s3://hospital/clean/"
MODEL = "s3://hospital/model.tar.gz"
ROWS = "s3://hospital/rows/"
REQUESTS = {
    "train": f"train --data {DATA} --output s3://hospital/models/ --seed 7 {SECURE}",
    "deploy": f"deploy --name ra --model-data {MODEL} {SECURE}",
    "sample": f"sample --rows 1000000 --model-data {MODEL} --output {ROWS} {SECURE}",
    "transform": f"transform --model-name ra --input {DATA}requests.jsonl --output {ROWS} {KEY}",
    "status": "status x",
    "delete": "delete x",
}


def test_requests(record, tmp_path, monkeypatch):
    pytest.importorskip("botocore", reason="the judge is botocore's service model")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    made = {}
    for name, line in REQUESTS.items():
        result = CliRunner().invoke(app, ["aws", *line.split(), "--dry-run"])
        said = result.output if result.exception is None else f"{result.exception}"
        made[name] = timeless(said, tmp_path)
        assert result.exit_code == 0, said
    record("requests", made)
