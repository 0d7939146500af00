"""Learn a table in a SageMaker training job, judge the model, and leave both behind.

The same code runs under SageMaker's training toolkit, under the drivers of version 3 of the Python
SDK, and as the ``train`` of a container of one's own; the same table, parameters and versions give
the same ``model.synth``. A job reads

- its parameters from ``SM_HPS``, else from ``input/config/hyperparameters.json``, else from its
  arguments: ``synthesizer``, ``random_state``, ``num_rows`` (of the report), ``max_seconds``,
  ``protect``, ``drop`` (a JSON list of columns), ``checkpoint_dir``, and those of the family;
- the channels ``training`` (tables, one or several files), ``validation`` (patients that are not
  learned from, to compare with) and ``schema`` (YAML or JSON), the last two if they are there;

and writes ``model.synth`` and ``manifest.json`` to the model's folder, ``report.html``,
``report.json`` and ``manifest.json`` to that of the output data, and on failure its reason.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Sequence

from synthhealth.aws._training._log import METRIC_DEFINITIONS, log_to_stdout
from synthhealth.aws._training._places import Places
from synthhealth.aws._training._results import MANIFEST, MODEL, REPORT
from synthhealth.aws._training._stop import Stop
from synthhealth.errors import ParameterError, SynthHealthError

__all__ = ["METRIC_DEFINITIONS", "main"]

#: What SageMaker shows of the reason of a failure.
MAX_REASON = 1024

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job that the environment describes.

    Parameters
    ----------
    arguments : sequence of str, optional
        ``--name value``; read only where SageMaker hands over no parameters. By default those of
        the process.

    Returns
    -------
    int
        The exit status: 0, or 1 after a failure, whose reason then stands in ``output/failure``.
    """
    given = sys.argv[1:] if arguments is None else arguments
    if {"-h", "--help"} & set(given):
        sys.stdout.write(f"{__doc__}\n")
        return 0
    places = Places.find()
    stop = Stop()
    with log_to_stdout(), stop.listening():
        try:
            _run(places, given, stop)
        except SynthHealthError as error:
            return _fail(places, f"{type(error).__name__}: {error}")
        except KeyboardInterrupt:
            return _fail(places, "stopped before anything was learned; nothing was written")
        except MemoryError:
            return _fail(
                places, "MemoryError: the memory is too small; take a larger instance or fewer rows"
            )
        # Broad, since a foreign error's text or traceback may show a patient's value.
        except Exception as error:
            from synthhealth.aws._serving._answers import without_values

            _log.error("%s", without_values(error))
            name = type(error).__name__
            return _fail(
                places, f"unexpected {name}; please report it, with the places that the log names"
            )
    return 0


def _run(places: Places, arguments: Sequence[str], stop: Stop) -> None:
    with contextlib.suppress(OSError):
        (places.output / "failure").unlink()  # of an earlier attempt
    _refuse_several(places.hosts())
    from synthhealth.aws._training._job import Job
    from synthhealth.aws._training._settings import read_arguments, read_settings

    given = places.parameters()
    Job(places, read_settings(read_arguments(arguments) if given is None else given), stop).run()


def _refuse_several(hosts: list[str]) -> None:
    if len(hosts) > 1:
        raise ParameterError(
            f"the job has {len(hosts)} instances, but a table is learned on one: set the instance "
            "count to 1, and take a larger instance type where one is too slow"
        )


def _fail(places: Places, reason: str) -> int:
    # A file's name need not be Unicode.
    reason = reason.encode("utf-8", "replace").decode()
    _log.error("%s", reason)
    # Of a job that failed nothing may look like a result.
    for folder, names in ((places.model, (MODEL, MANIFEST)), (places.report, (*REPORT, MANIFEST))):
        for name in names:
            with contextlib.suppress(OSError):
                (folder / name).unlink()
    try:
        places.output.mkdir(parents=True, exist_ok=True)
        (places.output / "failure").write_text(reason[:MAX_REASON], encoding="utf-8")
    except OSError:
        _log.error("%s: the reason cannot be written there", places.output)
    return 1
