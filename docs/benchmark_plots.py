"""Draw the plots of the page of benchmarks: ``python docs/benchmark_plots.py``.

It needs the extra ``figures``. The plots are kept in ``docs/_static/benchmarks``, so that building
the site needs no browser.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

sys.path.insert(0, str(Path(__file__).parent / "_ext"))
from benchmark_results import RESULTS, read

FOLDER = Path(__file__).parent / "_static" / "benchmarks"
#: Told apart by colour and by sign, the first eight filled.
_SIGNS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star", "pentagon")
SIGNS = (*_SIGNS, *(f"{sign}-open" for sign in _SIGNS))


def growth() -> go.Figure:
    """Processor seconds of a fit and largest memory by rows, 20 columns, both on log scales."""
    runs = pd.read_csv(RESULTS / "speed.csv")
    runs = runs[(runs["columns"] == 20) & runs["failure"].isna()]
    figure = make_subplots(
        cols=2, rows=1, subplot_titles=("fit, processor seconds", "largest memory, MiB")
    )
    for place, model in enumerate(dict.fromkeys(runs["model"])):
        own = runs[runs["model"] == model].sort_values("rows")
        for column, name in enumerate(("fit_cpu_seconds", "peak_mib"), start=1):
            figure.add_scatter(
                x=own["rows"],
                y=own[name],
                name=model,
                legendgroup=model,
                showlegend=column == 1,
                line={
                    "color": COLOURS[place % 8],
                    "dash": "solid" if place < 8 else "dot",
                },
                marker={"symbol": SIGNS[place], "size": 9},
                mode="lines+markers",
                row=1,
                col=column,
            )
    figure.update_xaxes(type="log", title="rows")
    figure.update_yaxes(type="log")
    return figure


def small() -> go.Figure:
    """Error of single columns and of relations, and membership, cohorts of 61 patients."""
    runs = read("small")
    runs = runs[runs["failure"].isna()]
    means = runs.groupby(["model", "table"])[["ks", "dependence", "membership"]].mean()
    means = means.groupby("model").mean()
    means["error"] = (1 - means["ks"] + means["dependence"]) / 2
    figure = go.Figure()
    perfect = means.loc["real rows", "error"]
    figure.add_vline(perfect, line_dash="dot", annotation_text="real rows")
    for place, model in enumerate(
        one for one in dict.fromkeys(runs["model"]) if one != "real rows"
    ):
        figure.add_scatter(
            x=[means.loc[model, "error"]],
            y=[means.loc[model, "membership"]],
            name=model,
            mode="markers",
            marker={"size": 12, "color": COLOURS[place % 8], "symbol": SIGNS[place]},
        )
    figure.update_xaxes(title="error of columns and relations against new patients")
    figure.update_yaxes(title="membership: area under the curve")
    return figure


COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C564B")

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for draw in (growth, small):
        figure = draw().update_layout(
            template="plotly_white", margin={"l": 60, "r": 20, "t": 40, "b": 50}
        )
        figure.write_image(FOLDER / f"{draw.__name__}.png", width=900, height=420, scale=2)
