"""The tables of a report as text: for the page and for Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from synthhealth.evaluation import MIN_CELL, ReferenceGroup, Share, ShareComparison
from synthhealth.report import parts
from synthhealth.report.data import ReportData
from synthhealth.report.numbers import (
    dependence_text,
    number_text,
    percent,
    points_text,
    unit_text,
)
from synthhealth.report.parts.graph import graph_section
from synthhealth.report.parts.written import written_section
from synthhealth.report.sections import Entry, Section, Sheet
from synthhealth.report.theme import Tone
from synthhealth.report.words import shown

#: Rows of the tables of pairs of columns.
MOST_ROWS = 10

_COMPARED = ("real (95 % interval)", "synthetic (95 % interval)", "points apart", "result")
_VERDICTS: dict[Tone | None, str] = {
    "below": "lower than real",
    "within": "within chance",
    "above": "higher than real",
    None: "–",
}
_SEXES = {"female": "women", "male": "men", None: ""}


def missing_sheets(data: ReportData) -> list[Sheet]:
    """Return what goes missing together, and in whom."""
    missing = data.evaluation.missing_values
    if missing is None:
        return []
    sheets = [
        Sheet(
            "missing-patterns",
            "Columns missing in the same rows",
            ("missing", *_COMPARED),
            [
                [Entry(_pattern(pattern.columns)), *_compared(pattern.rows)]
                for pattern in missing.patterns[:MOST_ROWS]
            ],
            f"The commonest of {missing.n_patterns:,} joint patterns.",
        )
    ]
    if missing.together:
        pairs = [pair for pair in missing.together if _occurs(pair.rows)]
        sheets.append(
            Sheet(
                "missing-together",
                "Pairs of columns missing together",
                ("pair", *_COMPARED),
                [
                    [
                        Entry(f"{shown(pair.first, 40)} and {shown(pair.second, 40)}"),
                        *_compared(pair.rows),
                    ]
                    for pair in pairs[:MOST_ROWS]
                ],
                "The pairs for which the shares of rows with both missing differ most.",
            )
        )
    if missing.dependence:
        ordered = sorted(missing.dependence, key=lambda pair: -pair.difference)[:MOST_ROWS]
        sheets.append(
            Sheet(
                "missing-dependence",
                "Whose values are missing",
                ("missing", "depends on", "measure", "real", "synthetic", "difference"),
                [
                    [
                        Entry(shown(pair.missing, 40)),
                        Entry(shown(pair.column, 40)),
                        Entry("Spearman" if pair.measure == "spearman" else "Cramér's V"),
                        Entry(dependence_text(pair.real)),
                        Entry(dependence_text(pair.synthetic)),
                        Entry(dependence_text(pair.difference)),
                    ]
                    for pair in ordered
                ],
                "How strongly it depends on a column's value whether another one is missing; the "
                f"{len(ordered)} largest differences of {len(missing.dependence):,}.",
            )
        )
    return [sheet for sheet in sheets if sheet.rows]


def detection_sheet(data: ReportData) -> Sheet | None:
    """Return the shares of results beyond detection limits."""
    rows = [
        [Entry(shown(result.column)), Entry(side), *_compared(compared)]
        for result in data.evaluation.censoring
        for side, compared in (
            ("below a lower limit", result.below),
            ("above an upper limit", result.above),
        )
        if compared is not None
    ]
    note = "Shares of the known values. Scores and figures are those of the values within limits."
    heads = ("column", "results", *_COMPARED)
    return Sheet("detection", "Detection limits", heads, rows, note) if rows else None


def range_sheets(data: ReportData) -> list[Sheet]:
    """Return implausible values, piles on the real extremes, and broken rules."""
    ranges = data.evaluation.ranges
    judged = [result for result in ranges if result.implausible is not None]
    implausible = [
        [
            Entry(shown(result.column)),
            Entry(_plausible(data, result.column)),
            *_compared(result.implausible, lower_is_fine=True),
        ]
        for result in judged
        if result.implausible is not None and _occurs(result.implausible)
    ]
    n_judged = f"{len(judged)} column{'' if len(judged) == 1 else 's'}"
    piled = sorted(ranges, key=lambda result: -(result.at_extremes.synthetic.share or 0.0))
    extremes = [
        [Entry(shown(result.column)), *_compared(result.at_extremes, lower_is_fine=True)]
        for result in piled
        if result.at_extremes.synthetic.count
    ]
    rules = [
        [
            Entry(shown(result.rule, 120)),
            Entry("in the schema" if result.declared else "found in the real table"),
            *_compared(result.broken, lower_is_fine=True),
        ]
        for result in data.evaluation.rules
    ]
    sheets = [
        Sheet(
            "implausible",
            "Outside the plausible range",
            ("column", "range", *_COMPARED),
            implausible,
            "Shares of the known values; columns without any are left out."
            if implausible
            else f"No value of either table is outside the plausible range ({n_judged} with one).",
        ),
        Sheet(
            "extremes",
            "Exactly on the real minimum or maximum",
            ("column", *_COMPARED),
            extremes[:MOST_ROWS],
            "A model that clips its values piles them up there. Only more of them than in the "
            "real table is a fault; columns without any are left out.",
        ),
        Sheet(
            "rules",
            "Rules",
            ("rule", "known", *_COMPARED),
            rules,
            "Shares of the rows that break the rule, of those in which it can be checked. A rule "
            "that was found computes a column from others, within the rounding of the columns.",
        ),
    ]
    return [sheet for sheet in sheets if sheet.rows or (sheet.key == "implausible" and judged)]


def reference_sheet(data: ReportData) -> Sheet | None:
    """Return the shares of patients outside their reference ranges."""
    rows: list[list[Entry]] = []
    for result in data.evaluation.references:
        name, unit = shown(result.column), result.unit
        for side, total in (("below", result.below), ("above", result.above)):
            groups = [
                (group, group.below if side == "below" else group.above) for group in result.groups
            ]
            parts = [(group, part) for group, part in groups if part is not None]
            if total is None:
                continue
            if len(parts) == 1:
                rows.append(_reference_row(name, side, parts[0][0], unit, total))
                continue
            rows.append([Entry(name), Entry(f"{side} their own range"), *_compared(total)])
            if all(part.real.count is not None for _, part in parts):
                rows += [_reference_row(name, side, group, unit, part) for group, part in parts]
    if not rows:
        return None
    note = (
        "Shares of the known values of the patients for whom a range holds. The ranges of a column "
        "are listed one by one where none of the real shares has to be hidden."
    )
    return Sheet(
        "reference-table",
        "Patients outside the reference range",
        ("column", "values", *_COMPARED),
        rows,
        note,
    )


def identifier_sheet(data: ReportData) -> Sheet | None:
    """Return the columns that identify people, and what was done with them."""
    rows = [
        [
            Entry(shown(column.column)),
            Entry(column.identifier or "not said"),
            Entry(_TREATMENTS[column.treatment]),
        ]
        for column in data.protected
    ]
    heads = ("column", "identifier", "what was done")
    note = "These columns were taken out or coarsened before anything was learned or compared."
    return (
        Sheet("identifiers-table", "Columns that identify people", heads, rows, note)
        if rows
        else None
    )


def rare_sheet(data: ReportData) -> Sheet | None:
    """Return the columns with levels that too few patients have, and what was done with them."""
    n_real = data.evaluation.n_real
    rows = [
        [
            Entry(shown(column.column)),
            Entry(f"pooled as {shown(column.pool)}" if column.pool else _RARE[column.treatment]),
            Entry(
                f"fewer than {MIN_CELL} patients"
                if column.n_real is None
                else f"{column.n_real:,} ({percent(column.n_real / n_real)})"
            ),
        ]
        for column in data.rare
    ]
    heads = ("column", "what was done with rare levels", "real rows concerned")
    note = (
        "Levels that were pooled, joined or replaced were not learned by name. Those pooled or "
        "joined are so in the real table of this report, too; those replaced are compared as they "
        "were."
    )
    return Sheet("rare-table", "Levels of too few patients", heads, rows, note) if rows else None


_RARE = {
    "pooled": "pooled as one level",
    "joined": "joined to the neighbouring level",
    "dropped": "replaced by levels of similar patients",
}

_TREATMENTS = {
    "dropped": "dropped",
    "faked": "replaced by made-up values",
    "generalised": "made coarser (date to year, age to 90 at most, postcode to 3 signs)",
    "left out": "not compared",
}


def range_text(low: float | None, high: float | None, unit: str | None) -> str:
    """Return a range with its unit.

    Examples
    --------
    >>> range_text(12, 16, "g/dL"), range_text(None, 5, "mg/L"), range_text(3, None, None)
    ('12 to 16 g/dL', 'up to 5 mg/L', 'from 3')
    """
    ends = [None if end is None else number_text(end, 12) for end in (low, high)]
    unit = f" {unit_text(unit)}" if unit else ""
    if ends[0] is None:
        return f"up to {ends[1]}{unit}"
    if ends[1] is None:
        return f"from {ends[0]}{unit}"
    return f"{ends[0]} to {ends[1]}{unit}"


def whom(sex: str | None, age_from: float | None, age_to: float | None) -> str:
    """Return for whom a range holds; nothing if for all.

    Examples
    --------
    >>> whom("female", 18, 60), whom(None, None, 18), whom(None, None, None)
    ('women, from 18 years, under 60 years', 'under 18 years', '')
    """
    ages = (("from", age_from), ("under", age_to))
    parts = [_SEXES[sex], *(f"{word} {age:g} years" for word, age in ages if age is not None)]
    return ", ".join(part for part in parts if part)


def _reference_row(
    name: str, side: str, group: ReferenceGroup, unit: str | None, compared: ShareComparison
) -> list[Entry]:
    end = group.low if side == "below" else group.high
    people = whom(group.sex, group.age_from, group.age_to)
    limit = f"{number_text(end, 12)}{f' {unit_text(unit)}' if unit else ''}"
    return [
        Entry(name),
        Entry(f"{side} {limit}{f' ({people})' if people else ''}"),
        *_compared(compared),
    ]


def _compared(compared: ShareComparison | None, *, lower_is_fine: bool = False) -> Iterable[Entry]:
    if compared is None:
        return [Entry("–")] * len(_COMPARED)
    shares = [Entry(_share(compared.real)), Entry(_share(compared.synthetic))]
    if compared.real.share is None:
        return [*shares, Entry("–"), Entry("–")]
    verdict, tone = _VERDICTS[compared.standing], compared.standing
    if lower_is_fine and tone == "below":
        tone = None
    return [
        *shares,
        Entry(points_text(compared.difference, compared.low, compared.high)),
        Entry(verdict, tone),
    ]


def _share(share: Share) -> str:
    if share.n == 0:
        return "–"
    if share.share is None or share.low is None or share.high is None:
        return "hidden"
    low, high = (percent(end).removesuffix(" %") for end in (share.low, share.high))
    return f"{percent(share.share)} ({low} to {high})"


def _occurs(compared: ShareComparison) -> bool:
    """Say whether either table has any such row; a hidden real count is not 0."""
    return compared.real.count != 0 or compared.synthetic.count != 0


def _pattern(columns: Sequence[str]) -> str:
    if not columns:
        return "nothing"
    named = ", ".join(shown(name, 30) for name in columns[:6])
    return f"{named} and {len(columns) - 6} more" if len(columns) > 6 else named


def _plausible(data: ReportData, name: str) -> str:
    for column in data.columns:
        if column.name == name and column.plausible is not None:
            return range_text(column.plausible.low, column.plausible.high, column.unit)
    return "–"


def sections(data: ReportData) -> list[Section]:
    """Return the sections that this report has."""
    found = [part.section(data.evaluation) for part in parts.PARTS]
    found.append(written_section(data.evaluation, data.written))
    found.append(None if data.model is None else graph_section(data.model.graph))
    return [section for section in found if section is not None]
