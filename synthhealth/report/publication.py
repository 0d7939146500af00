"""The page's figures as plotly's own, for print: white, one font, the width of a column of paper.

What the page leaves to its reader, the colours of day or night and the width of the window, is
settled here, so that a figure in an article looks as it did on the screen of whoever made it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthhealth.errors import FileError, ParameterError, nearest
from synthhealth.io import whole_file
from synthhealth.report.theme import LIGHT, Figure

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

__all__ = ["DOUBLE", "SINGLE", "printed", "save", "side_by_side"]

#: Widths of one and of two columns of a journal, 89 and 183 mm, in plotly's pixels (96 an inch).
SINGLE, DOUBLE = 336, 692
#: Pixels of the figure to pixels of a PNG: 300 dots an inch.
_DENSITY = 300 / 96

_FONT = "Arial, Helvetica, 'Liberation Sans', sans-serif"
_TEXT, _TICKS = 11, 10  # 8 and 7.5 points
_FONTS = ("font", "tickfont", "textfont")
#: What belongs to the page: its window, its pointer, its own colours.
_OF_THE_PAGE = (
    "autosize",
    "dragmode",
    "fixedrange",
    "hoverlabel",
    "paper_bgcolor",
    "plot_bgcolor",
)
_NEEDS_CHROME = (
    "the picture could not be made: kaleido needs Chrome or Chromium; install one of them, or run "
    "kaleido_get_chrome, and name its file in the variable BROWSER_PATH if it is not found"
)


def printed(figure: Figure, *, width: int = SINGLE, height: int | None = None) -> PlotlyFigure:
    """Give a figure of the page as plotly's, under the theme for print.

    Parameters
    ----------
    figure : dict
        As `synthhealth.report.figures` makes it.
    width, height : int
        In pixels, 96 an inch; the height is the page's where none is given.
    """
    from plotly.graph_objects import Figure as PlotlyFigure

    made = PlotlyFigure(_settled(figure))
    made.update_layout(template=_template(), width=width)
    if height is not None:
        made.update_layout(height=height)
    return made


def side_by_side(figures: Sequence[Figure], titles: Sequence[str], *, room: float = 0.07) -> Figure:
    """Put figures with the same axes beside each other; the names stand at the first.

    Of figures that follow each other on one colour scale the last keeps the scale, for which
    `room` is left beside each.
    """
    n = len(figures)
    traces: list[dict[str, Any]] = []
    plan = {
        key: value for key, value in figures[0]["layout"].items() if key not in ("xaxis", "yaxis")
    }
    plan["annotations"] = []
    width = (1 - n * room) / n
    for place, (one, title) in enumerate(zip(figures, titles, strict=True)):
        number = "" if place == 0 else str(place + 1)
        left = place * (width + room)
        keeps = place == n - 1 or _scale(one) != _scale(figures[place + 1])
        for layer in one["data"]:
            moved = {**layer, "xaxis": f"x{number}", "yaxis": f"y{number}"}
            if "colorbar" in layer:
                bar = {**layer["colorbar"], "x": left + width, "xanchor": "left"}
                moved |= {"colorbar": bar} if keeps else {"showscale": False}
            traces.append(moved)
        layout = one["layout"]
        plan[f"xaxis{number}"] = layout["xaxis"] | {
            "domain": [left, left + width],
            "anchor": f"y{number}",
        }
        plan[f"yaxis{number}"] = layout["yaxis"] | {"anchor": f"x{number}"}
        if place:
            plan[f"yaxis{number}"] |= {"showticklabels": False, "title": {}}
        plan["annotations"].append(
            {
                "text": title,
                "showarrow": False,
                "x": left + width / 2,
                "y": 1.0,
                "xref": "paper",
                "yref": "paper",
                "xanchor": "center",
                "yanchor": "bottom",
            }
        )
    plan["margin"] = {**plan.get("margin", {}), "t": 26}
    return {"data": traces, "layout": plan}


def save(figure: PlotlyFigure, path: str | os.PathLike[str], *, force: bool = False) -> Path:
    """Write a figure as PNG (300 dots an inch), SVG, PDF or a page of HTML.

    Raises
    ------
    ParameterError
        The suffix is none of these, or what makes pictures is not installed.
    FileError
        The file exists already, or cannot be written.
    """
    path = Path(path)
    form = path.suffix.lower().removeprefix(".")
    forms = ("png", "svg", "pdf", "html")
    if form not in forms:
        raise ParameterError(
            f"{path}: figures are written as {', '.join(forms)}{nearest(form, forms)}; the suffix "
            "of the file says which"
        )
    if form != "html" and find_spec("kaleido") is None:
        raise ParameterError(
            f"{path}: pictures need kaleido; install it with: pip install 'synthhealth[figures]', "
            "or write an .html"
        )
    with whole_file(path, force=force) as file:
        if form == "html":
            figure.write_html(file, include_plotlyjs=True)
        else:
            try:
                figure.write_image(file, format=form, scale=_DENSITY if form == "png" else 1)
            except RuntimeError as error:  # kaleido's own, and plotly's where there is no Chrome
                raise FileError(f"{path}: {_NEEDS_CHROME}") from error
    return path


def _scale(figure: Figure) -> tuple[Any, ...]:
    layer = figure["data"][-1]
    return tuple(layer.get(key) for key in ("zmin", "zmax"))


def _settled(value: Any, key: str = "") -> Any:
    """Put the colours of day in the place of their names, and leave out what is the page's."""
    if isinstance(value, dict):
        left_out = (*_OF_THE_PAGE, *(("size", "family") if key in _FONTS else ()))
        return {name: _settled(part, name) for name, part in value.items() if name not in left_out}
    if isinstance(value, list | tuple):
        return [_settled(part, key) for part in value]
    if isinstance(value, str):
        return re.sub(r"var\(--([a-z-]+)\)", lambda found: LIGHT[found[1]], value)
    return value


def _template() -> dict[str, Any]:
    axis = {
        "showline": True,
        "linecolor": LIGHT["muted"],
        "linewidth": 1,
        "ticks": "outside",
        "ticklen": 3,
        "gridcolor": LIGHT["grid"],
        "tickfont": {"size": _TICKS},
        "title": {"font": {"size": _TEXT}},
    }
    return {
        "layout": {
            "font": {"family": _FONT, "size": _TEXT, "color": LIGHT["ink"]},
            "paper_bgcolor": "white",
            "plot_bgcolor": "white",
            "colorway": [LIGHT["real"], LIGHT["synthetic"]],
            "xaxis": axis,
            "yaxis": axis,
        }
    }
