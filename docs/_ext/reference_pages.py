"""The reference: a page for each room, which lists its classes, and a page for each class."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDER = "generated"
ROOMS = (
    "synthhealth.artifact",
    "synthhealth.benchmark",
    "synthhealth.datasets",
    "synthhealth.evaluation",
    "synthhealth.evaluation.inference",
    "synthhealth.io",
    "synthhealth.models",
    "synthhealth.report",
    "synthhealth.schema",
    "synthhealth.tournament",
)


def classes_of(room: str) -> list[str]:
    """Give the names of a room's public classes, by the alphabet."""
    module = import_module(room)
    return sorted(name for name in module.__all__ if inspect.isclass(getattr(module, name)))


def write_pages(app: Sphinx) -> None:
    """Write a page for each class, before the sources are read."""
    folder = Path(app.srcdir) / "reference" / FOLDER
    folder.mkdir(exist_ok=True)
    pages = {
        folder / f"{room}.{name}.rst": f"{name}\n{'=' * len(name)}\n\n"
        f".. autoclass:: {room}.{name}\n   :members:\n"
        for room in ROOMS
        for name in classes_of(room)
    }
    for page in set(folder.glob("*.rst")) - set(pages):
        page.unlink()
    for page, text in pages.items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


class Room(SphinxDirective):
    """``room:: MODULE``: what it is for, its classes with their pages, and its functions."""

    required_arguments = 1
    option_spec: ClassVar = {"exclude": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        room = self.arguments[0]
        module, classes = import_module(room), classes_of(room)
        lines = [f".. automodule:: {room}", ""]
        if classes:
            lines += [".. list-table::", "   :widths: auto", ""]
            for name in classes:
                told = (inspect.getdoc(getattr(module, name)) or "").split("\n\n")[0]
                lines += [f"   * - :py:class:`~{room}.{name}`", f"     - {' '.join(told.split())}"]
            lines += ["", ".. toctree::", "   :hidden:", ""]
            lines += [f"   {FOLDER}/{room}.{name}" for name in classes]
        shown = set(module.__all__) - {*classes, *self.options.get("exclude", "").split()}
        for name in sorted(shown):
            if inspect.isroutine(getattr(module, name)):
                lines += ["", f".. autofunction:: {room}.{name}"]
        node = nodes.section()
        node.document = self.state.document
        self.state.nested_parse(StringList(lines, source=room), 0, node, match_titles=True)
        return list(node.children)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("room", Room)
    app.connect("builder-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
