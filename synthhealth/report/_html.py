"""The page: one file that needs no other, no network and no web font."""

from __future__ import annotations

import base64
import hashlib
import json

from markupsafe import Markup
from plotly.offline import get_plotlyjs

from synthhealth.report._cards import key_cards, missing_cards
from synthhealth.report._clinical_figures import detection_slot, reference_slot
from synthhealth.report._data import ReportData
from synthhealth.report._page_figures import (
    Store,
    matrices,
    missing_slot,
    overview_slot,
    pair_entries,
    panels,
)
from synthhealth.report._page_tables import analysis_rows, column_rows, figure_groups
from synthhealth.report._pair_sheets import pair_sheet
from synthhealth.report._sections import sections
from synthhealth.report._sheets import (
    detection_sheet,
    identifier_sheet,
    missing_sheets,
    range_sheets,
    rare_sheet,
    reference_sheet,
)
from synthhealth.report._table_one_text import heads, lines
from synthhealth.report._templates import environment, template_file, variables
from synthhealth.report._theme import DARK, LIGHT
from synthhealth.report._verdicts import TONES
from synthhealth.report._words import shown


def as_html(data: ReportData) -> str:
    """Return the whole page."""
    store = Store()
    context = {
        "data": data,
        "tone": TONES[data.conclusion.verdict],
        "cards": key_cards(data),
        "figure_groups": figure_groups(data),
        "rows": column_rows(data),
        "analysis": analysis_rows(data),
        "overview": overview_slot(data, store),
        "panels": panels(data, store),
        "matrices": matrices(data, store),
        "missing": missing_slot(data, store),
        "missing_cards": missing_cards(data),
        "missing_sheets": missing_sheets(data),
        "detection": detection_slot(data, store),
        "detection_sheet": detection_sheet(data),
        "range_sheets": range_sheets(data),
        "references": reference_slot(data, store),
        "reference_sheet": reference_sheet(data),
        "table_one_heads": heads(data.table_one) if data.table_one else [],
        "table_one_lines": lines(data.table_one) if data.table_one else [],
        "pair_sheet": pair_sheet(data.evaluation.pairs),
        "sections": sections(data),
        "identifier_sheet": identifier_sheet(data),
        "rare_sheet": rare_sheet(data),
    }
    pairs = pair_entries(data, store)
    content = {
        "palettes": {"light": LIGHT, "dark": DARK},
        "columns": [shown(column.name) for column in data.columns],
        "pairs": pairs,
        "figures": store.figures,
    }
    plotly, script = Markup(get_plotlyjs()), Markup(template_file("report.js"))
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            **context,
            has_pairs=bool(pairs),
            content=_script_data(content),
            style=Markup(template_file("report.css")),
            light=variables(LIGHT),
            dark=variables(DARK),
            plotly=plotly,
            script=script,
            script_hashes=[_hash(plotly), _hash(script)],
        )
    )


def _script_data(content: object) -> Markup:
    """Return JSON that no text inside can end or turn into markup."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _hash(script: str) -> str:
    """Return the name under which the page's own policy lets `script` run, and no other."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
