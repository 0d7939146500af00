"""The templates of the pages."""

from __future__ import annotations

from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from synthhealth.report._numbers import percent
from synthhealth.report._theme import FONT
from synthhealth.report._words import shown

_TEMPLATES = "synthhealth.report", "templates"


@cache
def environment() -> jinja2.Environment:
    """Return the environment of the templates, which it keeps compiled."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(*_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown
    environment.filters["percent"] = percent
    return environment


def variables(palette: dict[str, str]) -> Markup:
    """Return the colours and the font as CSS variables."""
    colours = "".join(f"--{name}:{colour};" for name, colour in palette.items())
    return Markup(f"{colours}--font:{FONT};")


def template_file(name: str) -> str:
    """Return a file beside the templates."""
    folder = resources.files(_TEMPLATES[0]).joinpath(_TEMPLATES[1])
    return folder.joinpath(name).read_text(encoding="utf-8")
