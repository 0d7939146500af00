"""The figures of a report in the reader's hand: ``report.plot``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthhealth.errors import ParameterError, nearest
from synthhealth.report import figures, publication
from synthhealth.report.data import ReportData
from synthhealth.report.parts import pairs as pair_figures
from synthhealth.report.parts.table_one import differences
from synthhealth.report.publication import DOUBLE, SINGLE, printed, side_by_side
from synthhealth.report.small_multiples import small_multiples

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

__all__ = ["Plots"]


@dataclass(frozen=True)
class Plots:
    """The figures of a report, each as a `plotly.graph_objects.Figure`.

    They show what the page shows: aggregates, and no group of fewer than five patients. They are as
    wide as one or two columns of a journal, white, in one font, in a blue and an orange that
    colour-blind readers can tell apart; ``figure.update_layout`` changes all of it, and `save`
    writes them.

    Examples
    --------
    >>> import synthhealth as sh
    >>> real, fake = (sh.datasets.load_ra_panel(random_state=seed) for seed in (0, 1))
    >>> report = sh.evaluate(real, fake, parts=())
    >>> figure = report.plot.column("crp")
    >>> figure.layout.width, [trace.name for trace in figure.data]
    (336, ['real', 'synthetic'])
    """

    data: ReportData

    def column(self, name: str) -> PlotlyFigure:
        """Draw one column, real against synthetic.

        Parameters
        ----------
        name : str
            The column. Numbers and dates are drawn as a histogram with the synthetic outline over
            it, the reference ranges shaded and detection limits dotted; levels as paired bars.

        Raises
        ------
        ParameterError
            There is no such column, or too few values are known to show it.
        """
        self._check(name)
        for shape in self.data.numerical:
            if shape.column == name:
                column = next(one for one in self.data.columns if one.name == name)
                detection = column.detection
                limits = (*detection.below, *detection.above) if detection else ()
                drawn = figures.histogram(shape, column.reference, limits)
                return printed(drawn, height=230)
        shapes = {shape.column: shape for shape in self.data.categorical}
        return printed(figures.categories(shapes[name]))

    def pair(self, first: str, second: str) -> PlotlyFigure:
        """Draw two columns together, real against synthetic.

        Parameters
        ----------
        first, second : str
            The columns, in any order. A number within the levels of another column is drawn as
            boxes of its middle half, along another number as its median and middle half; two levels
            as shares of rows in a grid.

        Raises
        ------
        ParameterError
            There is no such column, or the report does not keep this pair: of a wide table it
            keeps the worst and those that differ most.
        """
        self._check(first)
        self._check(second)
        if first == second:
            raise ParameterError(f"a pair is of two columns; {first!r} is given twice")
        wanted = {first, second}
        for boxes in self.data.pairs.boxes:
            if {boxes.numerical, boxes.groups.column} == wanted:
                return printed(pair_figures.pair_boxes(boxes), height=260)
        for lines in self.data.pairs.lines:
            if {lines.numerical, lines.groups.column} == wanted:
                return printed(pair_figures.pair_bands(lines), height=290)
        for grid in self.data.pairs.grids:
            if {grid.first.column, grid.second.column} == wanted:
                both = side_by_side(pair_figures.pair_grids(grid), ("real", "synthetic"))
                return printed(both, width=DOUBLE, height=330)
        kept = self.data.pairs
        raise ParameterError(
            f"the pair {first!r} and {second!r} is not in the report, which keeps "
            f"{kept.n_kept:,} of {kept.n_all:,} pairs, those that are worse or differ most; "
            "evaluate a table of fewer columns to see it"
        )

    def pairs(self, n: int = 12) -> PlotlyFigure:
        """Draw the pairs of columns that are furthest off: their dependence, real and synthetic.

        Parameters
        ----------
        n : int
            How many pairs.

        Raises
        ------
        ParameterError
            The table has no pair, or `n` is below 1.
        """
        if n < 1:
            raise ParameterError(f"n is {n}; give a whole number from 1")
        worst = pair_figures.worst_first(self.data.evaluation)[:n]
        if not worst:
            raise ParameterError("the report has no pair of columns: there is only one")
        return printed(pair_figures.pair_lines(worst), height=90 + 20 * len(worst))

    def correlations(self) -> PlotlyFigure:
        """Draw the dependence of all columns as maps: real, synthetic, and their difference.

        Spearman's rank correlation of two numbers, Cramér's V of two levels, the correlation ratio
        of one of each.

        Raises
        ------
        ParameterError
            The table has one column only.
        """
        table = self.data.dependence
        columns = (*table.numerical, *table.categorical)
        if len(columns) < 2:
            raise ParameterError("the report has no pair of columns: there is only one")
        known = [abs(value) for row in table.difference for value in row if value is not None]
        maps = [
            pair_figures.matrix(columns, table.real),
            pair_figures.matrix(columns, table.synthetic),
            pair_figures.matrix(columns, table.difference, reach=max([0.5, *known])),
        ]
        drawn = side_by_side(maps, ("real", "synthetic", "synthetic minus real"))
        return printed(drawn, width=DOUBLE, height=110 + max(170, 11 * len(columns)))

    def columns(
        self, names: Sequence[str] | None = None, *, across: int | None = None
    ) -> PlotlyFigure:
        """Draw every column at a glance: one small drawing each.

        Parameters
        ----------
        names : sequence of str, optional
            Only these columns; of more than 40 those with the lowest scores are drawn by default.
        across : int, optional
            Drawings side by side.

        Raises
        ------
        ParameterError
            There is no such column, or none can be shown.
        """
        if isinstance(names, str):
            raise ParameterError("names is a text; give a list of column names")
        for name in names or ():
            self._check(name)
        if across is not None and across < 1:
            raise ParameterError(f"across is {across}; give a whole number from 1")
        shown = self._shown() if names is None else names
        if not shown:
            raise ParameterError("there is no column to be drawn")
        drawn = small_multiples(self.data, names, across=across)
        return printed(drawn, width=DOUBLE if len(drawn["data"]) > 4 else SINGLE)

    def table_one(self) -> PlotlyFigure:
        """Draw the standardised differences of Table 1, of all patients and within the groups.

        Dotted lines are at 0.1, which is negligible (Austin, 2009). The table itself is in
        ``report.to_markdown()``.

        Raises
        ------
        ParameterError
            There are too few patients for a Table 1.
        """
        table = self.data.table_one
        drawn = None if table is None else differences(table)
        if drawn is None:
            raise ParameterError("there are too few patients for a Table 1")
        return printed(drawn, height=90 + 17 * len(drawn["layout"]["yaxis"]["tickvals"]))

    @staticmethod
    def save(figure: PlotlyFigure, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write a figure to a file, whole or not at all.

        Parameters
        ----------
        figure : plotly.graph_objects.Figure
            One of the above.
        path : path-like
            Ends in ``.png`` (300 dots an inch), ``.svg`` or ``.pdf``, for which the extra
            ``figures`` and Chrome or Chromium are needed; or in ``.html``, for which nothing is.
        force : bool
            Replace the file if it exists.

        Raises
        ------
        ParameterError
            The suffix is none of these, or kaleido is not installed.
        FileError
            The file exists already or cannot be written, or there is no Chrome.
        """
        return publication.save(figure, path, force=force)

    def _check(self, name: str) -> None:
        """Refuse a column that the report does not show."""
        known = self._shown()
        if name in known:
            return
        for hidden in self.data.not_shown:
            if hidden.column == name:
                raise ParameterError(f"column {name!r} is not shown: {hidden.reason}")
        raise ParameterError(
            f"the report has no column {name!r}{nearest(str(name), known)}; it has "
            f"{', '.join(map(repr, known))}"
        )

    def _shown(self) -> list[str]:
        numbers = [shape.column for shape in self.data.numerical]
        return [*numbers, *(shape.column for shape in self.data.categorical)]
