"""Tables that are taken from the library itself, so that they cannot disagree with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class TableDirective(SphinxDirective):
    """Base of the directives; cells are in the markup of the page."""

    def table(self, head: Iterable[str], rows: Iterable[Iterable[str]]) -> nodes.table:
        head = tuple(head)
        group = nodes.tgroup(cols=len(head))
        group += [nodes.colspec(colwidth=1) for _ in head]
        group += nodes.thead("", self._row(head))
        group += nodes.tbody("", *(self._row(row) for row in rows))
        return nodes.table("", group)

    def _row(self, cells: Iterable[str]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", *self.parse(cell)) for cell in cells))

    def parse(self, text: str) -> list[nodes.Node]:
        return self.parse_text_to_nodes(text) if text else []


class ModelParameters(TableDirective):
    """``model-parameters:: NAME``: what a model family is, and its parameters."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from synthhealth.models import get
        from synthhealth.models.sdv_words import words_for

        family = get(self.arguments[0])
        rows = [
            (
                f"`{parameter.name}`",
                _words(words_for(parameter.name)),
                parameter.default_is or _code(parameter.default),
                _allowed(parameter),
                parameter.meaning,
            )
            for parameter in family.parameters
        ]
        about = [node for part in _paragraphs(family.__doc__) for node in self.parse(part)]
        head = ("parameter", "in SDV", "default", "allowed", "what it does")
        return [*about, self.table(head, rows)]


class SDVWords(TableDirective):
    """``sdv-words::``: what SDV calls its parameters, and what each of them is here."""

    def run(self) -> list[nodes.Node]:
        from synthhealth.models.sdv_words import SDV_WORDS

        rows = (
            (f"`{word.name}`", _words(word.ours), word.instead if not word.ours else "")
            for word in SDV_WORDS
            if word.name != word.ours or word.name == "epochs"
        )
        return [self.table(("SDV's word", "ours", "what decides it here"), rows)]


class ResultFields(TableDirective):
    """``result-fields:: package.module.Class``: the described fields of a pydantic model."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module, _, name = self.arguments[0].rpartition(".")
        fields = getattr(import_module(module), name).model_fields
        rows = [(f"`{key}`", field.description or "") for key, field in fields.items()]
        return [self.table(("field", "what it is"), rows)]


class CommandLine(TableDirective):
    """``command-line::``: every verb of the command line with its arguments and options."""

    def run(self) -> list[nodes.Node]:
        from typer.main import get_command

        from synthhealth.cli import app

        return [self._verb(name, verb) for name, verb in self._verbs(get_command(app))]

    def _verbs(self, group: Any, above: str = "") -> Iterator[tuple[str, Any]]:
        """Give the verbs, each after the one that it belongs to."""
        for name, verb in group.commands.items():
            yield f"{above}{name}", verb
            if hasattr(verb, "commands"):
                yield from self._verbs(verb, f"{above}{name} ")

    def _verb(self, name: str, verb: Any) -> nodes.section:
        import typer

        context = typer.Context(verb, info_name=f"synthhealth {name}")
        usage = " ".join(["synthhealth", name, *verb.collect_usage_pieces(context)])
        records = [one.get_help_record(context) for one in verb.get_params(context)]
        rows = [(f"`{word}`", meaning) for word, meaning in filter(None, records)]
        section = nodes.section(
            "", nodes.title("", name), ids=[nodes.make_id(f"verb-{name}")], names=[f"verb {name}"]
        )
        section += self.parse(verb.help)
        section += nodes.literal_block(usage, usage, language="text")
        section += self.table(("argument or option", "what it means"), rows)
        return section


def _paragraphs(text: str | None) -> list[str]:
    lines = [line.strip() for line in (text or "").strip().splitlines()]
    return "\n".join(lines).split("\n\n")


def _words(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", ") if name)


def _code(value: Any) -> str:
    return "none" if value in (None, {}) else f"`{value}`"


def _allowed(parameter: Any) -> str:
    if parameter.choices:
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    if parameter.type is bool:
        return "`True`, `False`"
    if parameter.type is tuple:
        return f"layer widths, each from 1 to {parameter.high:,.12g}"
    bounds = []
    if parameter.low is not None:
        bounds.append(f"from {parameter.low:,.12g}")
    if parameter.high is not None:
        bounds.append(f"to {parameter.high:,.12g}")
    return " ".join(bounds)


def _skip_model_config(app: Sphinx, what: str, name: str, *_: object) -> bool | None:
    """Leave out what pydantic puts into every model."""
    return True if name == "model_config" else None


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("model-parameters", ModelParameters)
    app.add_directive("sdv-words", SDVWords)
    app.add_directive("result-fields", ResultFields)
    app.add_directive("command-line", CommandLine)
    app.connect("autodoc-skip-member", _skip_model_config)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
