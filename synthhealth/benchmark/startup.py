"""What it costs to import the library and to ask the command line for help."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from synthhealth.benchmark.overhead_results import Startup

__all__ = ["measure_startup"]

#: What an import of the library must not load.
HEAVY = ("torch", "sdv", "plotly", "sklearn", "scipy", "pandas")

_IMPORT = f"""
import sys, time
begin = time.perf_counter()
import synthhealth
print(time.perf_counter() - begin, *[name for name in {HEAVY} if name in sys.modules])
"""


def measure_startup(repeats: int, done: Callable[[], None]) -> Startup:
    """Start new processes in turns: a bare Python, an import, the help of the command line."""
    bare: list[float] = []
    imports: list[float] = []
    helps: list[float] = []
    loaded: set[str] = set()
    for _ in range(repeats):
        bare.append(_run(["-c", "pass"])[0])
        seconds, *names = _run(["-c", _IMPORT])[1].split()
        imports.append(float(seconds))
        loaded.update(names)
        helps.append(_run(["-m", "synthhealth", "--help"])[0])
        done()
    return Startup(
        bare=tuple(bare),
        imports=tuple(imports),
        loaded=tuple(name for name in HEAVY if name in loaded),
        helps=tuple(helps),
    )


def _run(arguments: Sequence[str]) -> tuple[float, str]:
    begin = time.perf_counter()
    ended = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True)
    return time.perf_counter() - begin, ended.stdout
