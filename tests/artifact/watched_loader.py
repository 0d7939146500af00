"""Loads files of strangers under watch; run as a process of its own.

    python watched_loader.py good.synth [good.synth ...]

The good files are loaded first, so that everything that loading imports is there. Then for each
path on standard input a line of JSON says what came of it: ``refused`` (with the error's words),
``sampled`` (with the digest of 200 rows), ``sampling refused``, or ``crashed``; how long it took,
the largest memory of the process so far, and every forbidden thing that an audit hook has seen:
code run that was not there before, packages imported that were not there before, processes,
sockets, files written, files read elsewhere than in the installation.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import sysconfig
import time
import traceback
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

import synthhealth as sh
from synthhealth.benchmark.stream import peak_memory
from synthhealth.schema.identifiers.patterns import Pattern
from synthhealth.schema.units import check_unit

ROWS = 200

#: What the libraries do all the time, and what harms nobody.
HARMLESS = {
    "builtins.id",
    "code.__new__",
    "compile",  # templates of the libraries; what becomes of them is seen when it is run
    "ctypes.dlsym",
    "marshal.loads",
    "object.__delattr__",
    "object.__getattr__",
    "object.__setattr__",
    "os.listdir",
    "os.scandir",
    "sys._getframe",
    "sys._getframemodulename",
    "sys.unraisablehook",
}


class Watch:
    """Sees what the interpreter does; it can be switched on, but never off."""

    def __init__(self) -> None:
        self.learning = True
        self.seen: list[str] = []
        self._known_code: set[Any] = set()
        self._known_events: set[str] = set()
        self._packages: set[str] = set()
        installed = [*sysconfig.get_paths().values(), sys.base_prefix, sys.prefix]
        if sys.pycache_prefix is not None:
            installed.append(sys.pycache_prefix)
        places = [*installed, str(Path(sh.__file__).parent), "/usr/share/zoneinfo", "/proc", "/sys"]
        self._places = tuple(os.path.realpath(place) + os.sep for place in places)

    def stop_learning(self) -> None:
        self._packages = {name.partition(".")[0] for name in sys.modules}
        self.learning = False

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if self.learning:
            self._known_events.add(event)
            if event == "exec" and isinstance(args[0], CodeType):
                self._known_code.add(self._print_of(args[0]))
        elif not self._is_harmless(event, args):
            self.seen.append(f"{event} {args!r:.200}")

    def _is_harmless(self, event: str, args: tuple[Any, ...]) -> bool:
        if event == "exec":
            code = args[0]
            installed = self._is_installed(code.co_filename)
            return installed or self._print_of(code) in self._known_code
        if event == "import":
            return str(args[0]).partition(".")[0] in self._packages
        if event == "open":
            return self._is_harmless_open(*args)
        return event in HARMLESS or event.startswith(("cpython.", "gc."))

    def _is_harmless_open(self, path: Any, mode: Any, flags: Any) -> bool:
        writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        if isinstance(path, int) or path == allowed or path == "/dev/urandom":
            return not flags & writes
        return not flags & writes and self._is_installed(os.fsdecode(path))

    def _is_installed(self, path: str) -> bool:
        return os.path.realpath(path).startswith(self._places) or path.startswith("<frozen")

    @staticmethod
    def _print_of(code: CodeType) -> tuple[Any, ...]:
        return code.co_code, code.co_names, repr(code.co_consts)


#: The file that may be read now.
allowed = ""


def judge(path: str) -> dict[str, Any]:
    begin = time.monotonic()
    try:
        model = sh.load(path)
    except sh.errors.ArtifactError as error:
        found = {"outcome": "refused", "words": str(error)}
    except Exception:
        found = {"outcome": "crashed", "words": traceback.format_exc()}
    else:
        found = _sampled(model)
    return found | {
        "seconds": time.monotonic() - begin,
        "megabytes": peak_memory(),
    }


def _sampled(model: sh.Synthesizer) -> dict[str, Any]:
    try:
        with np.errstate(all="ignore"):
            sample = model.sample(ROWS)
    except sh.SynthHealthError as error:
        return {"outcome": "sampling refused", "words": str(error)}
    except Exception:
        return {"outcome": "crashed", "words": traceback.format_exc()}
    wanted = [c.name for c in model.schema_ if c.protection is None or c.protection.value != "drop"]
    if len(sample) != ROWS or sorted(sample.columns) != sorted(wanted):
        return {"outcome": "crashed", "words": f"a table of the form {sample.shape}"}
    return {"outcome": "sampled", "digest": digest(sample), "words": ""}


def digest(table: pd.DataFrame) -> str:
    text = table.to_csv(float_format="%.17g") + repr(list(table.dtypes))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def warm_up() -> None:
    """Import what only some schemas need, before the watch begins."""
    check_unit("mol/(m2.s)")
    Pattern.parse("{First}{Last}{Street}{City}{Word}{Sentence}")
    for value in ("2024-01-31", 1.5, "1:40"):
        column = pd.Series([value] * 3)
        for dtype in ("string[python]", "string[pyarrow]", pd.ArrowDtype(pa.string()), "category"):
            column.astype(str).astype(dtype).sort_values()
    pd.Series([1.0, 2.0]).astype("Sparse[float64, nan]").sum()
    pd.Series(pd.to_datetime(["2024-01-31"])).dt.tz_localize("Europe/Berlin").dt.strftime("%c")


def main() -> None:
    global allowed
    import warnings

    sys.dont_write_bytecode = True
    warm_up()
    warnings.simplefilter("ignore")
    watch = Watch()
    sys.addaudithook(watch)
    for good in sys.argv[1:]:
        for _ in range(2):
            found = judge(good)
        if found["outcome"] != "sampled":
            raise SystemExit(f"{good} is not good: {found}")
    sys.stdout.write(json.dumps({"ready": True, **found}) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        path = line.rstrip("\n")
        allowed = path
        watch.stop_learning()
        found = judge(path)
        events, watch.seen = watch.seen, []
        sys.stdout.write(json.dumps(found | {"events": events}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
