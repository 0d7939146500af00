"""A large synthetic table as files: SageMaker's Processing job, on one instance or on several.

``python -m synthhealth.aws sample --num-rows 10000000`` draws the table block by block, so that
its memory does not grow with it. The table is that of
`Synthesizer.sample(num_rows, random_state=seed) <synthhealth.Synthesizer.sample>`, row for row,
whatever the number of instances; each instance writes every so-many-th file.

The folder then holds::

    part-00000.parquet, part-00001.parquet, ...   the rows, in this order
    _table.json                                   what the table is: rows, seed, model, versions
    _manifest-0-of-2.json, _manifest-1-of-2.json  of each instance: its files, rows and hashes

A file is there whole or not at all, and a manifest once all files of its instance are. A job that
is started again for the same table in the same folder writes the files that are missing.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from synthhealth.aws._sampling._folder import claim, digest, find_model, write_manifest
from synthhealth.aws._sampling._hosts import Host, read_host
from synthhealth.aws._sampling._table import BLOCK_ROWS, FORMATS, Format, Table, Writer
from synthhealth.aws._serving._answers import without_values
from synthhealth.errors import ParameterError, SynthHealthError

__all__ = ["ROWS_PER_FILE", "Host", "main", "sample_parts"]

#: Rows of a file, if nothing else is asked for.
ROWS_PER_FILE = 10 * BLOCK_ROWS

#: SageMaker's places in a processing container.
_INPUT, _OUTPUT = "/opt/ml/processing/input/model", "/opt/ml/processing/output"
_RESOURCES, _MESSAGE = "/opt/ml/config/resourceconfig.json", "/opt/ml/output/message"

#: The most bytes of a processing job's exit message.
_MESSAGE_BYTES = 1024

_log = logging.getLogger(__name__)


def sample_parts(
    model: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    num_rows: int,
    *,
    seed: int = 0,
    format: Format = "parquet",
    rows_per_file: int = ROWS_PER_FILE,
    host: Host | None = None,
) -> Path:
    """Draw a table into the files of a folder, in bounded memory.

    Parameters
    ----------
    model : path-like
        A saved model, a folder with one, or the ``model.tar.gz`` of a training job.
    folder : path-like
        New or empty, or what a job for the same table has left.
    num_rows : int
        Rows of the whole table.
    seed : int
        The table is that of ``Synthesizer.sample(num_rows, random_state=seed)``.
    format : {"parquet", "csv"}
        The form of the files. All Parquet files have one schema; each CSV has its header.
    rows_per_file : int
        A multiple of 100,000.
    host : Host, optional
        Which of several instances this is; by default the only one.

    Returns
    -------
    pathlib.Path
        The manifest of this instance.

    Raises
    ------
    ParameterError
        A number is out of its bounds.
    FileError
        There is no model, the folder holds other files, or the disk refuses.
    ArtifactError
        The model is damaged, of a newer format, or none.

    Examples
    --------
    >>> import tempfile, synthhealth as sh
    >>> from pathlib import Path
    >>> from synthhealth.aws.sampling import sample_parts
    >>> real = sh.datasets.load_ra_panel()[["age", "sex"]]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     saved = sh.Synthesizer(random_state=0).fit(real).save(f"{folder}/ra.synth")
    ...     manifest = sample_parts(saved, f"{folder}/out", 5_000, seed=1)
    ...     print(*sorted(path.name for path in manifest.parent.iterdir()))
    ...     sh.read_table(manifest.parent / "part-00000.parquet").shape
    _manifest-0-of-1.json _table.json part-00000.parquet
    (5000, 2)
    """
    from synthhealth.artifact.saving import read

    host = Host() if host is None else host
    target = Path(folder)
    with find_model(model) as saved:
        table = Table(num_rows, seed, format, rows_per_file, digest(saved))
        parts = table.parts(host)
        # Before the folder is claimed: of a model that is none, nothing should remain there.
        fitted = read(saved)
        missing = claim(target, table, parts)
        _log.info(
            "instance %d of %d: %d of %d files, %d of them to be written",
            host.index + 1,
            host.count,
            len(parts),
            table.n_files,
            len(missing),
        )
        writer = Writer(fitted, table, target)
    for part in missing:
        begin = time.monotonic()
        writer.write(part)
        rows, seconds = part.stop - part.start, time.monotonic() - begin
        _log.info("%s: %d rows in %.1f s", part.name, rows, seconds)
    return write_manifest(target, host, parts)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the job from the command line, as SageMaker's Processing does.

    What came of it is also written to the job's exit message (``/opt/ml/output/message``).

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        The exit status: 0, or 1 if the table was not written, 143 if the job was stopped.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    earlier = signal.signal(signal.SIGTERM, _stop)
    message = _MESSAGE
    try:
        options = _parser().parse_args(arguments)
        message = options.message_file
        host = read_host(options.resource_config)
        manifest = sample_parts(
            options.model,
            options.output_dir,
            _whole("--num-rows", options.num_rows),
            seed=_whole("--seed", options.seed),
            format=options.format,
            rows_per_file=_whole("--rows-per-file", options.rows_per_file),
            host=host,
        )
        status, words = 0, f"written; {manifest.name} names the files"
    except SynthHealthError as error:
        status, words = 1, f"{type(error).__name__}: {error}"
    except KeyboardInterrupt:
        status, words = 143, "stopped; the files that are there are whole, start it again to go on"
    # Broad, since whatever it is, the job must say so; silent about the message, which may quote a
    # value.
    except Exception as error:
        status, words = 1, f"the job failed: {without_values(error)}"
    finally:
        signal.signal(signal.SIGTERM, earlier)
    _log.log(logging.ERROR if status else logging.INFO, "%s", words)
    _tell(Path(message), words)
    return status


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        # Not on the way that argparse goes, so that it comes into the exit message.
        raise ParameterError(f"{message}; --help tells the options")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="synthhealth.aws sample",
        description="Draw a large synthetic table into files.",
        allow_abbrev=False,
    )
    model = "saved model, folder with one, or a training job's model.tar.gz"
    parser.add_argument("--model", "--model-dir", default=_INPUT, help=model)
    parser.add_argument("--output-dir", default=_OUTPUT, help="new or empty folder for the files")
    parser.add_argument("--num-rows", required=True, help="rows of the whole table")
    parser.add_argument("--seed", default="0", help="the same seed gives the same table")
    parser.add_argument("--format", default="parquet", choices=FORMATS, help="form of the files")
    per_file = f"rows of a file, a multiple of {BLOCK_ROWS:,}"
    parser.add_argument("--rows-per-file", default=str(ROWS_PER_FILE), help=per_file)
    parser.add_argument("--resource-config", default=_RESOURCES, help="which instance this is")
    parser.add_argument("--message-file", default=_MESSAGE, help="where the exit message goes")
    return parser


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        raise ParameterError(f"{name} must be a whole number from 0, of at most 19 digits")
    return int(text)


def _tell(path: Path, words: str) -> None:
    # Outside a container there is no such place, and the log says the same.
    with suppress(OSError):
        path.write_bytes(words.encode()[:_MESSAGE_BYTES])


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
