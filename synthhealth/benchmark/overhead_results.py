"""The figures of time and memory, and how they are told."""

from __future__ import annotations

from statistics import median

from synthhealth.benchmark.results import Comparison, Part, Result, markdown_table

__all__ = ["Memory", "Overhead", "Startup", "Stream"]

#: What we allow ourselves.
IMPORT_SECONDS, HELP_SECONDS = 0.2, 0.5
FIT_RATIO, REPORT_RATIO, WHOLE_RATIO, MEMORY_RATIO = 1.05, 2.0, 3.0, 1.05


class Startup(Part):
    """The seconds of new processes."""

    bare: tuple[float, ...]
    """Python that does nothing."""
    imports: tuple[float, ...]
    """``import synthhealth``, without the start of Python."""
    loaded: tuple[str, ...]
    """Heavy packages that the import loaded; there should be none."""
    helps: tuple[float, ...]
    """``synthhealth --help``, the start of Python included."""


class Stream(Part):
    """One streamed sample."""

    rows: int
    """Rows drawn."""
    seconds: float
    """Seconds it took, without the start of the process."""
    peak_mib: float
    """Largest resident memory of the process, in MiB."""


class Memory(Part):
    """The memory of streamed samples of several sizes."""

    model: str
    """The model they were drawn from."""
    chunk_size: int
    """Rows held at once."""
    streams: tuple[Stream, ...]
    """One per size."""

    @property
    def growth(self) -> float:
        """The largest sample's peak memory over the smallest one's."""
        by_size = sorted(self.streams, key=lambda stream: stream.rows)
        return by_size[-1].peak_mib / by_size[0].peak_mib


class Overhead(Result):
    """What this library costs over plain SDV."""

    rows: int
    """Rows of the table."""
    columns: int
    """Columns of the table."""
    epochs: int
    """Epochs of the networks, on both sides."""
    threads: int | None
    """Processor threads of both sides; None: each side's own default."""
    startup: Startup | None
    """The start; None where it was not measured."""
    fits: tuple[Comparison, ...]
    """Fit and sample, one per model."""
    reports: tuple[Comparison, ...]
    """The numbers of the report against SDV's quality report, and the whole against both."""
    memory: tuple[Memory, ...]
    """Streamed samples."""

    def to_markdown(self) -> str:
        """Give the figures as Markdown, each beside its limit."""
        threads = "each side's own default" if self.threads is None else f"{self.threads}"
        parts = [
            f"{self.machine.sentence()}\nTable: {self.rows:,} x {self.columns}. Networks: "
            f"{self.epochs} epoch(s). Threads: {threads}. Medians of runs in turns.\n"
        ]
        if self.startup is not None:
            parts.append(self._startup_table(self.startup))
        if self.fits or self.reports:
            parts.append(self._comparison_table())
        if self.memory:
            parts.append(self._memory_table())
        return "\n".join(parts)

    def _startup_table(self, startup: Startup) -> str:
        loaded = ", ".join(startup.loaded) or "none"
        rows = (
            ("bare Python", startup.bare, None),
            ("import synthhealth (without Python)", startup.imports, IMPORT_SECONDS),
            ("synthhealth --help (with Python)", startup.helps, HELP_SECONDS),
        )
        table = markdown_table(
            ("start", "seconds", "limit", ""),
            [
                (what, f"{median(seconds):.3f}", *_limit(median(seconds), limit, "{:.1f}"))
                for what, seconds, limit in rows
            ],
        )
        return f"{table}\nHeavy packages loaded by the import: {loaded}.\n"

    def _comparison_table(self) -> str:
        return markdown_table(
            ("work", "ours, s", "SDV, s", "ratio", "limit", "", "ratio of processor time"),
            [
                (
                    one.work,
                    f"{one.ours.median:.2f}",
                    f"{one.theirs.median:.2f}",
                    f"{one.ratio:.3f}",
                    *_limit(one.ratio, one.limit, "{:.2f}"),
                    f"{one.cpu_ratio:.3f}",
                )
                for one in (*self.fits, *self.reports)
            ],
        )

    def _memory_table(self) -> str:
        rows = [
            (
                f"{memory.model}, {stream.rows:,} rows, chunks of {memory.chunk_size:,}",
                f"{stream.seconds:.1f}",
                f"{stream.peak_mib:,.0f}",
                "",
                "",
            )
            if stream is not memory.streams[-1]
            else (
                f"{memory.model}, {stream.rows:,} rows, chunks of {memory.chunk_size:,}",
                f"{stream.seconds:.1f}",
                f"{stream.peak_mib:,.0f}",
                f"{memory.growth:.3f}",
                _limit(memory.growth, MEMORY_RATIO, "{:.2f}")[1],
            )
            for memory in self.memory
            for stream in memory.streams
        ]
        heads = ("streamed to Parquet", "seconds", "peak MiB", "growth", f"limit {MEMORY_RATIO}")
        return markdown_table(heads, rows)


def _limit(value: float, limit: float | None, form: str) -> tuple[str, str]:
    if limit is None:
        return "", ""
    return form.format(limit), "kept" if value <= limit else "exceeded"
