"""The script that draws the figures: the part of plotly.js that has the traces we use.

plotly's Python package carries all of plotly.js, three times as much. The file beside the templates
is the package ``plotly.js-cartesian-dist-min`` of the npm registry, unchanged; NOTICE has its
licence. To renew it, take the version that ``plotly.offline.get_plotlyjs_version()`` names:
``npm pack plotly.js-cartesian-dist-min@VERSION``.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

__all__ = ["TRACES", "plotlyjs", "plotlyjs_version"]

#: The kinds of traces that the script can draw, of those that a report may have.
TRACES = frozenset({"bar", "box", "contour", "heatmap", "histogram", "scatter", "violin"})


@cache
def plotlyjs() -> str:
    """Return the script as it stands in a page."""
    folder = resources.files("synthhealth.report").joinpath("templates")
    return folder.joinpath("plotly-cartesian.min.js").read_text(encoding="utf-8")


def plotlyjs_version() -> str:
    """Return the script's own version.

    Examples
    --------
    >>> from synthhealth.report.plotlyjs import plotlyjs_version
    >>> plotlyjs_version().count(".")
    2
    """
    found = re.search(r"plotly\.js \(cartesian - minified\) v([0-9.]+)", plotlyjs()[:200])
    return found[1] if found else "unknown"
