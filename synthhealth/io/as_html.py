"""Results as they are shown in a notebook: one screen of HTML, without a script.

Colours of text and ground are the notebook's own, so that a screen is read by day and by night.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import jinja2

__all__ = ["Answer", "Picture", "Sheet", "screen"]

_TEMPLATE = """\
<div class="synthhealth" role="group" aria-label="{{ title }}">
<style>
.synthhealth { --real: #2f80c4; --synthetic: #d2600f; --line: rgba(128, 128, 128, .4);
  font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; color: inherit;
  max-width: 1040px; border: 1px solid var(--line); border-radius: 6px; padding: 10px 14px; }
.synthhealth h4 { margin: 0 0 4px; font-size: 15px; }
.synthhealth p { margin: 3px 0; }
.synthhealth ul { margin: 4px 0; padding-left: 20px; }
.synthhealth .facts span { margin-right: 1.4em; white-space: nowrap; }
.synthhealth .facts, .synthhealth .hint { opacity: .8; }
.synthhealth summary { cursor: pointer; margin: 6px 0 2px; }
.synthhealth .scroll { max-height: 23em; overflow: auto; margin: 6px 0; }
.synthhealth table { border-collapse: collapse; margin: 0; font-size: 12px; }
.synthhealth :is(th, td) { text-align: left; vertical-align: top; padding: 2px 12px 2px 0;
  border: 0; border-bottom: 1px solid var(--line); max-width: 30em; white-space: normal; }
.synthhealth .tiles { display: grid; gap: 8px 14px; margin: 8px 0 4px;
  grid-template-columns: repeat(auto-fill, minmax(118px, 1fr)); }
.synthhealth figure { margin: 0; min-width: 0; }
.synthhealth figcaption { font-size: 11px; overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; }
.synthhealth svg { display: block; width: 100%; height: 52px;
  border-bottom: 1px solid var(--line); }
.synthhealth .key::before { content: "■ "; color: var(--of); }
</style>
<h4>{{ title }}</h4>
{% for one in answers %}
<p>{{ one.question }}: <strong><span style="color: {{ one.colour }}">{{ one.sign }}</span>
{{ one.word }}</strong>. {{ one.headline }}</p>
{% endfor %}
{% if facts %}
<p class="facts">{% for name, value in facts %}<span>{{ name }} <strong>{{ value }}</strong></span>
{% endfor %}</p>
{% endif %}
{% if sentences %}
<ul>{% for sentence in sentences %}<li>{{ sentence }}</li>{% endfor %}</ul>
{% endif %}
{% if pictures %}
<p><span class="key" style="--of: var(--real)">real</span>&ensp;
<span class="key" style="--of: var(--synthetic)">synthetic</span></p>
<div class="tiles">
{% for one in pictures %}
<figure><figcaption title="{{ one.name }}">{{ one.name }}</figcaption>{{ one.svg }}</figure>
{% endfor %}
</div>
{% endif %}
{% for sheet in sheets %}
{% if sheet.is_open %}<p>{{ sheet.title }}</p>{% else %}<details><summary>{{ sheet.title }}\
</summary>{% endif %}
<div class="scroll" tabindex="0" role="region" aria-label="{{ sheet.title }}"><table>
<thead><tr>{% for head in sheet.heads %}<th scope="col">{{ head }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in sheet.rows %}
<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
{% if not sheet.is_open %}</details>{% endif %}
{% endfor %}
{% if hint %}<p class="hint">{{ hint }}</p>{% endif %}
</div>
"""


class Answer(NamedTuple):
    """A question and its answer in a word, with the sentence that stands behind it."""

    question: str
    word: str
    headline: str
    sign: str
    colour: str


class Picture(NamedTuple):
    """A drawing with its name; the SVG is markup, in which every text is escaped already."""

    name: str
    svg: str


class Sheet(NamedTuple):
    """A table, which scrolls where it is long; closed until it is asked for, or open."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    is_open: bool = True


def screen(
    title: str,
    *,
    answers: Sequence[Answer] = (),
    facts: Sequence[tuple[str, str]] = (),
    sentences: Sequence[str] = (),
    pictures: Sequence[Picture] = (),
    sheets: Sequence[Sheet] = (),
    hint: str = "",
) -> str:
    """Give one screen of HTML for a notebook.

    Parameters
    ----------
    title : str
        What it is about.
    answers : sequence of Answer
        Verdicts.
    facts : sequence of (str, str)
        Names and values in one line.
    sentences : sequence of str
        As a list.
    pictures : sequence of Picture
        Small drawings, side by side.
    sheets : sequence of Sheet
        Tables.
    hint : str
        What can be done with the object.

    Returns
    -------
    str
        HTML in which no text is markup, whatever names and levels a table has.

    Examples
    --------
    >>> from synthhealth.io.as_html import screen
    >>> "&lt;b&gt;" in screen("a table", facts=[("columns", "<b>")])
    True
    """
    from markupsafe import Markup

    return _template().render(
        title=title,
        answers=answers,
        facts=facts,
        sentences=sentences,
        pictures=[one._replace(svg=Markup(one.svg)) for one in pictures],
        sheets=sheets,
        hint=hint,
    )


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_TEMPLATE)
