"""The report as plain text for a terminal, and as Markdown."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from synthhealth.evaluation import CategoricalResult, NumericalResult
from synthhealth.report.cards import WRITTEN_ONLY, Card, Scale, key_cards
from synthhealth.report.conclusion import verdicts
from synthhealth.report.data import ReportData
from synthhealth.report.numbers import (
    counted,
    number_text,
    p_text,
    percent,
    score_text,
    unit_text,
)
from synthhealth.report.page import figure_groups
from synthhealth.report.parts.pairs import pair_sheet
from synthhealth.report.parts.table_one import heads, lines
from synthhealth.report.sections import Sheet
from synthhealth.report.tables import (
    detection_sheet,
    identifier_sheet,
    missing_sheets,
    range_sheets,
    rare_sheet,
    reference_sheet,
    sections,
)
from synthhealth.report.theme import SIGNS
from synthhealth.report.words import SEEN, column_results, column_score, floor_text, shown


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(plain(entry) for entry in row) + " |" for row in rows]
    return "\n".join(lines)


def bullet_list(sentences: Iterable[str]) -> str:
    """Return a Markdown list."""
    return "\n".join(f"- {plain(sentence)}" for sentence in sentences)


def plain(text: str) -> str:
    """Return text in which nothing is Markdown or HTML."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&])", r"\\\1", shown(text, limit=2000))


def bullets(sentences: Iterable[str], width: int) -> list[str]:
    """Return a list for a terminal, as lines of at most `width` characters."""
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(
            shown(sentence, limit=2000), width, initial_indent="- ", subsequent_indent="  "
        )
    ]


_REASONS, _CARDS = 3, 6  # told in short
_NAME, _BAR = 32, 18  # signs
#: What stands for a sign on a terminal that cannot show it.
_PLAIN = str.maketrans(
    {"●": "o", "▼": "v", "▲": "^", "○": "?", "─": "-", "▒": "=", "–": "-", "−": "-", "…": "..."}
)


def as_plain(text: str, encoding: str | None) -> str:
    """Return text in which a terminal of this encoding can show the signs.

    Examples
    --------
    >>> as_plain("● good, 0.1 – 0.2", "ascii"), as_plain("● good", "utf-8")
    ('o good, 0.1 - 0.2', '● good')
    """
    try:
        text.encode(encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return text.translate(_PLAIN)
    return text


def as_lines(data: ReportData) -> list[str]:
    """Return the verdicts and their reasons, each as one line: five at most."""
    told = [
        f"{one.question}: {one.word.upper()}. {one.headline}" for one in verdicts(data.conclusion)
    ]
    return [*told, *(shown(one, limit=2000) for one in data.conclusion.reasons[:_REASONS])]


def as_summary(data: ReportData, width: int = 88) -> str:
    """Return verdicts, reasons, the figures that decided and the first advice: 25 lines at most."""
    model = f", {shown(data.model.name, 24)}" if data.model else ""
    compared = data.written or data.evaluation
    sizes = (
        f"{compared.n_synthetic:,} synthetic, {compared.n_real:,} real rows"
        f"{SEEN[data.evaluation.real_is]}, {counted(len(data.columns), 'column', 'columns')}{model}"
    )

    def wrapped(text: str, most: int, start: str = "") -> list[str]:
        return textwrap.wrap(
            shown(text, limit=2000),
            width,
            initial_indent=start,
            subsequent_indent="  ",
            max_lines=most,
            placeholder=" …",
        )

    lines = [*wrapped(f"{data.title}: {sizes}", 2), ""]
    for one in verdicts(data.conclusion):
        told = f"{one.question}: {SIGNS[one.tone]} {one.word.upper()}. {one.headline}"
        lines += wrapped(told, 2)
    lines.append("")
    for reason in data.conclusion.reasons[:_REASONS]:
        lines += wrapped(reason, 2, "- ")
    cards = key_cards(data.evaluation, data.written)[:_CARDS]
    if cards:
        heading = "The figures that decided"
        lines += ["", f"{heading:<{_NAME + 13}}▒ what other patients would give"]
        lines += _card_lines(cards)
    if data.advice:
        lines += ["", *wrapped(f"Next: {data.advice[0]}", 3)]
    return "\n".join(lines) + "\n"


def _card_lines(cards: Sequence[Card]) -> list[str]:
    """Return a line for each figure; those of the written table alone stand under a heading."""
    of_all = [card for card in cards if not card.name.endswith(WRITTEN_ONLY)]
    of_one = [card for card in cards if card.name.endswith(WRITTEN_ONLY)]
    lines = [_card_line(card) for card in of_all]
    if of_one:
        # The heading takes the place of a figure.
        kept = of_one[: _CARDS - 1 - len(of_all)] or of_one[:1]
        lines = lines[: _CARDS - 1 - len(kept)]
        lines += ["  In the table that was written:", *map(_card_line, kept)]
    return lines


def _card_line(card: Card) -> str:
    closer = ", closer" if card.note else ""
    bar = " " * _BAR if card.scale is None else _bar(card.scale, SIGNS[card.tone])
    name = shown(card.name.removesuffix(WRITTEN_ONLY), _NAME)
    return f"  {name:<{_NAME}} {card.value:>9}  {bar}  {card.word}{closer}".rstrip()


def _bar(scale: Scale, sign: str) -> str:
    """Draw a figure on its band, as the card does.

    Examples
    --------
    >>> from synthhealth.report.cards import Mark, Scale
    >>> _bar(Scale(50, 75, Mark(20, "middle"), None, None, None), "▼")
    '───▼─────▒▒▒▒▒────'
    """

    def place(share: float) -> int:
        return min(max(int(share / 100 * _BAR), 0), _BAR - 1)

    signs = ["─"] * _BAR
    for at in range(place(scale.low), place(scale.high) + 1):
        signs[at] = "▒"
    signs[place(scale.at.at)] = sign
    return "".join(signs)


def as_text(data: ReportData, width: int = 88) -> str:
    """Return title, verdicts, advice, findings and limits, wrapped to `width` characters."""
    lines = [shown(data.title), "=" * len(shown(data.title)), ""]
    for one in verdicts(data.conclusion):
        told = f"{one.question}: {SIGNS[one.tone]} {one.word.upper()}. {one.headline}"
        lines += textwrap.wrap(told, width, subsequent_indent="  ")
    lines += ["", *bullets(data.conclusion.reasons, width)]
    for title, sentences in (
        ("What to do next", data.advice),
        ("Findings", data.summary),
        ("What this report cannot show", data.limits),
    ):
        if sentences:
            lines += ["", title, "", *bullets(sentences, width)]
    return "\n".join(lines) + "\n"


def as_markdown(data: ReportData) -> str:
    """Return verdict, advice, findings, limits, and the tables of figures, columns and pairs."""
    evaluation = data.evaluation
    blocks = [
        f"# {plain(data.title)}",
        f"{data.created:%Y-%m-%d %H:%M} · "
        + ", ".join(f"{name} {version}" for name, version in data.versions.items()),
        "## Verdict",
        "\n".join(
            f"- {one.question}: {SIGNS[one.tone]} **{one.word}**. {plain(one.headline)}"
            for one in verdicts(data.conclusion)
        ),
        bullet_list(data.conclusion.reasons),
        "## What to do next",
        bullet_list(data.advice),
        "## Findings",
        bullet_list(data.summary),
        "## What this report cannot show",
        bullet_list(data.limits),
        "## All figures",
        "What other real patients, that is a perfect generator, would give in 95 of 100 cases, "
        "what a copy of the real rows, and what columns shuffled by themselves.",
        table(
            ("figure", "value", "perfect generator", "copy", "shuffle", "state", "q"),
            [
                (figure.title, *(cell.text for cell in figure.cells))
                for group in figure_groups(data)
                for figure in group.figures
            ],
        ),
        "## Columns",
        "A score of 1 means identical distributions; the noise floor is what two independent "
        "samples of real patients of these sizes would score in 95 of 100 cases.",
        table(
            (
                "column",
                "measure",
                "score",
                "noise floor",
                "state",
                "p",
                "q",
                "distance",
                "missing real",
                "missing synthetic",
            ),
            [_column_row(result) for result in column_results(evaluation)],
        ),
    ]
    pairs = pair_sheet(evaluation)
    blocks += [] if pairs is None else _sheet_blocks(pairs, "##")
    for section in sections(data):
        blocks += [f"## {section.title}", plain(section.hint)]
        blocks += [block for sheet in section.sheets for block in _sheet_blocks(sheet, "###")]
    blocks += _clinical_blocks(data)
    if evaluation.not_computed:
        blocks += [
            "## Not computed",
            "\n".join(
                f"- {plain(gap.what)}{f' ({plain(gap.column)})' if gap.column else ''}: "
                f"{plain(gap.reason)}"
                for gap in evaluation.not_computed
            ),
        ]
    return "\n\n".join(blocks) + "\n"


def _clinical_blocks(data: ReportData) -> list[str]:
    """Return what a clinical schema adds, as on the page."""
    sheets = [
        *missing_sheets(data),
        reference_sheet(data),
        detection_sheet(data),
        *range_sheets(data),
        rare_sheet(data),
        identifier_sheet(data),
    ]
    blocks: list[str] = []
    for sheet in sheets:
        if sheet is not None:
            blocks += _sheet_blocks(sheet, "##")
    if data.table_one is not None:
        by = f" by {plain(data.table_one.group)}" if data.table_one.group else ""
        titles = [
            f"{head.name}, {what}"
            for head in heads(data.table_one)
            for what in ("real", "synthetic", "SMD")
        ]
        rows = [
            [f"– {line.name}" if line.is_level else line.name, *(e.text for e in line.entries)]
            for line in lines(data.table_one)
        ]
        sizes = "; ".join(f"{head.name}: {head.sizes}" for head in heads(data.table_one))
        note = f"{sizes}. Figures are rounded to what their errors carry, counts to 5 patients."
        blocks += [f"## Table 1{by}", plain(note), table(("column", *map(plain, titles)), rows)]
    return blocks


def _column_row(result: NumericalResult | CategoricalResult) -> tuple[str, ...]:
    column = column_score(result)
    measure, distance = "TV", ""
    if isinstance(result, NumericalResult):
        unit = f" {unit_text(result.unit)}" if result.unit else ""
        measure, distance = "KS", f"{number_text(result.wasserstein)}{unit}"
    return (
        column.column,
        measure,
        score_text(column.score),
        floor_text(column.floor),
        column.state,
        p_text(result.p_value),
        p_text(result.q_value),
        distance,
        percent(result.missing_real),
        percent(result.missing_synthetic),
    )


def _sheet_blocks(sheet: Sheet, level: str) -> list[str]:
    rows = [[entry.text for entry in row] for row in sheet.rows]
    blocks = [f"{level} {plain(sheet.title)}", plain(sheet.note)]
    return [*filter(None, blocks), *([table(sheet.heads, rows)] if rows else [])]
