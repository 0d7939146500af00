"""Draw the thumbnails of the gallery: ``python docs/thumbnails.py``, with the extra ``figures``.

They are kept in ``docs/_static/thumbnails``, so that building the site needs no browser.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import plotly.graph_objects as go

import synthhealth as sh
from synthhealth.schema import propose

FOLDER = Path(__file__).parent / "_static" / "thumbnails"
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#CBD5E1"
FAMILIES = ("hybrid", "trees", "bayesian_network", "tvae")

real = sh.datasets.load_ra_panel()
others = sh.datasets.load_ra_panel(61, random_state=1)
model = sh.Synthesizer(random_state=0).fit(real)
fake = model.sample(1000)
report = sh.evaluate(real, fake, parts=())


def shuffled() -> sh.Report:
    rng = np.random.default_rng(0)
    return sh.evaluate(
        real, others.apply(lambda column: rng.permutation(column.to_numpy())), parts=()
    )


def families() -> go.Figure:
    """The KS average of several families on the noise floor."""
    scores = [
        sh.Synthesizer(name, random_state=0)
        .fit(real)
        .evaluate(others, parts=())
        .evaluation.overall.ks_average
        for name in FAMILIES
    ]
    figure = go.Figure(
        go.Scatter(
            x=[score.value for score in scores],
            y=FAMILIES,
            mode="markers",
            marker={"size": 16, "color": BLUE},
        )
    )
    floor = scores[0].floor
    figure.add_vrect(x0=floor.low, x1=floor.high, fillcolor=GREY, line_width=0, layer="below")
    return figure.update_layout(
        template="plotly_white", xaxis={"title": "KS average", "range": [0.78, 0.9]}
    )


def growth() -> go.Figure:
    """Sixty-one rows, and what they grow to."""
    return go.Figure(
        go.Bar(
            x=[len(real), 200_000],
            y=["real", "synthetic"],
            orientation="h",
            marker={"color": [BLUE, ORANGE]},
        )
    ).update_layout(template="plotly_white", xaxis={"type": "log", "title": "rows"})


def kinds() -> go.Figure:
    """How many columns there are of each kind."""
    found = [column.kind.value for column in propose(real).schema]
    names = sorted(set(found), key=found.count)
    return go.Figure(
        go.Bar(x=[found.count(name) for name in names], y=names, orientation="h", marker_color=BLUE)
    ).update_layout(template="plotly_white", xaxis_title="columns")


def traces() -> go.Figure:
    """Numbers of single patients in saved files, as docs/saved-model.md has them."""
    return go.Figure(
        go.Bar(
            x=[0, 26, 28],
            y=["synthhealth", "SDV CTGAN", "SDV copula"],
            orientation="h",
            marker_color=ORANGE,
        )
    ).update_layout(template="plotly_white", xaxis_title="patients' numbers in the file")


FIGURES = {
    "01_quickstart": lambda: report.plot.columns(["age", "sex", "esr", "crp", "rbc", "alt"]),
    "02_compare_models": families,
    "03_conditional_sampling": lambda: report.plot.pair("sex", "creatinine"),
    "04_augmentation": lambda: report.plot.column("esr"),
    "05_large_sample": growth,
    "06_your_own_model": lambda: report.plot.column("haemoglobin"),
    "07_clinical_schema": kinds,
    "08_saved_model": traces,
    "09_judging": lambda: shuffled().plot.correlations(),
}

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, draw in FIGURES.items():
        figure = draw().update_layout(margin={"l": 95, "r": 15, "t": 30, "b": 45})
        figure.update_traces(showscale=False, selector={"type": "heatmap"})
        figure.write_image(FOLDER / f"{name}.png", width=400, height=280)
