"""The command line itself: what is common to all verbs, and how each of them ends."""

from __future__ import annotations

import io
import logging
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import wraps
from typing import Annotated, Any, NoReturn

import typer

from synthhealth import __version__
from synthhealth.errors import FitInterruptedError, SynthHealthError
from synthhealth.options import on_command_line

INTERRUPTED = 130  # 128 + SIGINT, as shells count
FOUND = 3  # a verb that searches or compares has found what should not be

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    # Its tracebacks can show local variables, which hold patients' values; `verb` reports errors.
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line."""
    # As Ctrl-C does, so that temporary files are removed; 128 + SIGTERM, as shells count.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # column names that a terminal cannot show
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # those of other libraries; ours are errors
    try:
        app(prog_name="synthhealth")
    except SynthHealthError as error:  # of the benchmark, whose verbs are typer's own
        sys.exit(f"error: {error}")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"synthhealth {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Make synthetic tables of patients, and see how far they can be trusted."""


def verb(function: Callable[..., None]) -> Callable[..., None]:
    """Register a verb whose errors end in one message and an exit code."""

    @app.command()
    @wraps(function)
    def guarded(**options: Any) -> None:
        debug = options.get("debug", False)
        try:
            with _silence(options.get("quiet", False)), _notes(), on_command_line():
                function(**options)
        except (BrokenPipeError, typer.Exit, typer.Abort):
            raise  # typer's own ends; of a broken pipe the reader has seen enough
        except FitInterruptedError as error:
            _fail(error, str(error), INTERRUPTED, debug)
        except SynthHealthError as error:
            _fail(error, str(error), 1, debug)
        except KeyboardInterrupt as error:
            _fail(error, "interrupted; nothing was written", INTERRUPTED, debug)
        except MemoryError as error:
            _fail(error, "the memory is too small for this table; use fewer rows", 1, debug)
        # Broad, since a foreign error's text or traceback may show a patient's value.
        except Exception as error:
            name = type(error).__name__
            advice = "" if debug else " (--debug shows where)"
            _fail(error, f"unexpected {name}; please report it{advice}", 1, debug)

    return guarded


def _fail(error: BaseException, message: str, code: int, debug: bool) -> NoReturn:
    if debug:
        traceback.print_exception(error)
    typer.secho(f"error: {message}", err=True, fg=typer.colors.RED)
    raise typer.Exit(code)


class _Notes(logging.Handler):
    """Shows what the library warns of, each thing once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._shown: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message not in self._shown:
            self._shown.add(message)
            typer.echo(f"note: {message}", err=True)


@contextmanager
def _notes() -> Iterator[None]:
    logger, handler = logging.getLogger("synthhealth"), _Notes()
    propagates = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagates


@contextmanager
def _silence(wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    # No progress bar either: it is drawn on a terminal only, and this is none.
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        yield
