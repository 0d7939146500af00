"""Makes the saved models that later versions must still load; from simulated data alone.

    python tests/artifact/make_fixtures.py

Run once for each format version, before it is released; the files then stay as they are. The
folder is that of the current format version.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

import synthhealth as sh
from synthhealth.artifact.manifest import FORMAT_VERSION
from synthhealth.schema import Kind

FIXTURES = Path(__file__).parent / "fixtures"

#: Small networks of few steps: what matters is that they load.
MODELS: dict[str, dict[str, Any]] = {
    "autoregressive": {"steps": 20, "width": 16},
    "causal_gan": {"steps": 20, "width": 16},
    "bayesian_network": {},
    "boltzmann": {},
    "diffusion": {},
    "gaussian_copula": {},
    "hybrid": {},
    "private": {"privacy": "formal", "epsilon": 9.0, "parents": 1},
    "trees": {},
    "ctgan": {"steps": 20, "generator_dim": (16, 16), "embedding_dim": 16},
    "tvae": {"steps": 20, "decompress_dims": (16, 16), "embedding_dim": 16},
    "copula_gan": {"steps": 20, "generator_dim": (16, 16), "embedding_dim": 16},
}


def main() -> None:
    real = sh.datasets.load_ra_panel(random_state=0)
    folder = FIXTURES / f"v{FORMAT_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, settings in MODELS.items():
        schema = declared(real) if name == "private" else None
        model = sh.Synthesizer(name, schema=schema, random_state=0, **settings).fit(real)
        model.save(folder / f"{name}.synth", force=True)


def declared(real: pd.DataFrame) -> sh.Schema:
    """Say of each column what it can be, as a private family asks."""
    columns = []
    for column in sh.Schema.detect(real):
        name, kind = column.name, column.kind
        if kind.is_numerical:
            decimals = 0 if kind is Kind.COUNT else 2
            told = {"plausible": {"low": 0, "high": 2_000}, "decimals": decimals}
        else:
            told = {"levels": tuple(sorted(real[name].dropna().unique()))}
        columns.append(sh.Column(name=name, kind=kind, **told))
    return sh.Schema(columns=tuple(columns))


if __name__ == "__main__":
    main()
