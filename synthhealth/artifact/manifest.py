"""The manifest of a saved synthesizer: how it came about, and what the file must hold.

It speaks of settings, versions and aggregates only. The one thing that is computed from the
patients' cells is a keyed hash of their table, which says nothing to anybody without the key.
"""

from __future__ import annotations

import hashlib
import math
import platform
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from importlib.metadata import PackageNotFoundError, entry_points, version
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from synthhealth.artifact.digest import sample_digest, table_digest
from synthhealth.errors import ArtifactError, ParameterError, SynthHealthError
from synthhealth.models.accountant import Budget
from synthhealth.models.registry import ENTRY_POINTS, about

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.evaluation import Score
    from synthhealth.fitted import Fitted
    from synthhealth.report import Report

__all__ = [
    "FORMAT_VERSION",
    "Figure",
    "Manifest",
    "Member",
    "Platform",
    "Replay",
    "ReportSummary",
    "TrainingSummary",
    "check_version",
    "make_manifest",
    "member_of",
    "platform_here",
    "versions_here",
]

#: The version of the file's form that this library writes.
FORMAT_VERSION = 2

#: What is drawn to compare sampling later: enough rows to see every column's whole path.
REPLAY_ROWS, REPLAY_SEED = 200, 0

#: What a fit, a sample and the bytes of a saved model depend on, beside the family's own packages.
PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "safetensors", "pydantic")

_SHA256 = r"^[0-9a-f]{64}$"

#: Words are shown on terminals, to which control characters of a stranger's file would speak.
Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class Platform(_Part):
    """Where a synthesizer was saved."""

    python: Word
    """Version of Python: ``3.11.9``."""
    implementation: Word
    """Which Python it is: ``CPython``."""
    system: Word
    """Operating system: ``Linux``, ``Darwin``, ``Windows``."""
    machine: Word
    """Processor architecture: ``x86_64``, ``arm64``."""
    instructions: Word
    """The widest vector instructions that numpy found: ``AVX512_ICL``. They decide the order of \
additions and with it the last bits of a network's weights."""
    gpu: Word | None
    """The graphics processor that the network was trained on; None if it was none."""


class TrainingSummary(_Part):
    """Where training stood when it ended."""

    done: int = Field(ge=0)
    """Units finished."""
    total: int = Field(ge=0)
    """Units that were asked for."""
    unit: Word
    """What was counted: ``epoch`` or ``pass`` (over the table)."""
    seconds: float = Field(ge=0)
    """How long it took, to the tenth of a second."""
    losses: dict[Word, float]
    """The model's last losses by name, as far as they are finite; empty where there are none."""


class Figure(_Part):
    """A score of the whole table, beside what two samples of real patients would score."""

    value: float
    """The score."""
    floor_low: float
    """2.5 % quantile of the score of two independent real samples of these sizes."""
    floor_high: float
    """97.5 % quantile of that score."""


class ReportSummary(_Part):
    """What the report on this synthesizer said; the whole of it is ``report.json``."""

    n_real: int = Field(ge=1)
    """Number of real rows."""
    n_synthetic: int = Field(ge=1)
    """Number of synthetic rows."""
    real_is: Literal["training", "holdout", "given"]
    """Which real table it was: the rows learned from, rows never seen, or a table given."""
    ks_average: Figure | None
    """Mean Kolmogorov-Smirnov complement over the numerical columns (1 = identical)."""
    column_average: Figure
    """Mean over all columns of the Kolmogorov-Smirnov or total-variation complement."""
    dependence_difference: Figure | None
    """Mean absolute difference of dependence over all pairs of columns (0 = identical)."""


class Replay(_Part):
    """A sample that whoever has the file can draw again, to see that it draws the same."""

    n_rows: int = Field(ge=1, le=10_000)
    """Number of rows."""
    seed: int = Field(ge=0, lt=2**128)
    """The seed: ``sample(n_rows, random_state=seed)``."""
    sha256: str = Field(pattern=_SHA256)
    """SHA-256 of the sample in its canonical form."""


class Member(_Part):
    """A member of the file, as it must be."""

    sha256: str = Field(pattern=_SHA256)
    """SHA-256 of its bytes, in hexadecimal digits."""
    size: int = Field(ge=0)
    """Number of its bytes."""


class Manifest(_Part):
    """How a saved synthesizer came about, and what its file must hold."""

    format: Literal["synthhealth"] = "synthhealth"
    """What sort of file it is."""
    format_version: int = Field(ge=1)
    """Version of the file's form."""
    created: datetime
    """When it was saved, UTC, in whole seconds."""
    model: str
    """Name of the model family."""
    parameters: dict[str, JsonValue]
    """The parameters that the user gave to the family."""
    settings: dict[str, JsonValue]
    """The value of every parameter that was used."""
    seed: int = Field(ge=0, lt=2**128)
    """The seed that decided fitting and decides sampling."""
    n_rows: int = Field(ge=1, lt=2**53)
    """Number of rows learned from."""
    partial: bool
    """Whether training ended before its last epoch; such a fit cannot be repeated."""
    platform: Platform
    """Where it was saved."""
    versions: dict[Word, Word]
    """Versions of the packages that computed it."""
    budget: Budget | None = None
    """What was spent of a formal privacy budget, and on what; None where there is none."""
    training: TrainingSummary | None
    """Where training stood when it ended; None if that is not known."""
    report: ReportSummary | None
    """What the report said; None if the synthesizer was saved without one."""
    table_hmac: str | None = Field(pattern=_SHA256)
    """HMAC-SHA-256 of the table learned from, under a key that its owner keeps; None without \
a key."""
    replay: Replay | None
    """A sample to draw again; None where the model could draw none."""
    members: dict[Word, Member]
    """The other members of the file, by name, but for the signature."""

    @field_validator("created")
    @classmethod
    def _is_utc_in_seconds(cls, created: datetime) -> datetime:
        if created.utcoffset() != timedelta(0) or created.microsecond:
            raise ValueError("the time is not in UTC and whole seconds")
        return created


def make_manifest(
    fitted: Fitted,
    members: Mapping[str, bytes],
    *,
    report: Report | None = None,
    key: bytes | None = None,
    table: pd.DataFrame | None = None,
) -> Manifest:
    """Describe what a fit left, and the members of its file.

    Parameters
    ----------
    fitted : Fitted
        What it left.
    members : dict of str to bytes
        The members of the file, but for the manifest itself and the signature.
    report : Report, optional
        A report on it, whose overall figures are kept.
    key : bytes, optional
        The key under which the hash of the training table is kept; see `table_digest`.
    table : pandas.DataFrame, optional
        The training table; needed where a key is given.

    Raises
    ------
    ArtifactError
        A parameter is none that JSON can hold.
    ParameterError
        A key is given, but a reloaded synthesizer does not carry the training table.
    """
    settings = fitted.settings
    if fitted.budget is not None and (report is not None or key is not None):
        raise ParameterError(
            "save: a differentially private model is saved without a report and without a key; "
            "their figures and hashes are of the patients, and no budget covers them"
        )
    return Manifest(
        format_version=FORMAT_VERSION,
        created=datetime.now(timezone.utc).replace(microsecond=0),
        model=fitted.family,
        parameters=_plain(fitted.parameters),
        settings=_plain(settings),
        seed=fitted.seed,
        n_rows=fitted.n_rows,
        partial=fitted.is_partial,
        platform=platform_here(uses_gpu=bool(settings.get("enable_gpu"))),
        versions=versions_here(fitted.family),
        budget=fitted.budget,
        training=_training_of(fitted),
        report=None if report is None else _summary_of(report),
        table_hmac=None if key is None else _hmac_of(table, key),
        replay=_replay_of(fitted),
        members={name: member_of(content) for name, content in members.items()},
    )


def member_of(content: bytes) -> Member:
    """Give the digest and size of a member."""
    return Member(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def platform_here(*, uses_gpu: bool) -> Platform:
    """Describe the machine that this process runs on."""
    return Platform(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        system=platform.system(),
        machine=platform.machine(),
        instructions=_instructions(),
        gpu=_gpu() if uses_gpu else None,
    )


def versions_here(model: str) -> dict[str, str]:
    """Give the versions of the packages that a family of models computes with."""
    from synthhealth import __version__

    names = dict.fromkeys((*about(model).packages, *PACKAGES))
    packages = {"synthhealth": __version__}
    for name in names:
        with suppress(PackageNotFoundError):
            packages[name] = version(name)
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == model and point.dist is not None:
            packages[point.dist.name] = point.dist.version
    return packages


def check_version(manifest: object) -> None:
    """Refuse a file of another format than today's, by its manifest as it was parsed.

    A format may move anything but three things, so that every library can say of every file what
    it is and whether it is whole: the manifest's ``format``, ``format_version`` and ``members``.
    Format 1 was never released.

    Raises
    ------
    ArtifactError
        It is no manifest, or one of an older or a newer format.
    """
    version = manifest.get("format_version") if isinstance(manifest, dict) else None
    if type(version) is not int or version < 1:
        raise ArtifactError("its manifest states no format version; it is not a saved synthesizer")
    if version > FORMAT_VERSION:
        raise ArtifactError(
            f"it was written in format {version}, newer than this library's {FORMAT_VERSION}; "
            f"upgrade synthhealth to {_writer(manifest)}"
        )
    if version < FORMAT_VERSION:
        raise ArtifactError(
            f"it was written in format {version}, which this library does not read any more; "
            "fit and save again"
        )


def _writer(manifest: Any) -> str:
    versions = manifest.get("versions")
    writer = versions.get("synthhealth") if isinstance(versions, dict) else None
    if isinstance(writer, str) and writer.isprintable() and len(writer) <= 40:
        return f"at least {writer}"
    return "the version that wrote it"


def _instructions() -> str:
    found: Any = np.show_config(mode="dicts")
    extensions = found["SIMD Extensions"]
    names = [*extensions.get("baseline", ()), *extensions.get("found", ())]
    return names[-1] if names else "unknown"


def _gpu() -> str | None:
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return "mps" if torch.backends.mps.is_available() else None


def _training_of(fitted: Fitted) -> TrainingSummary | None:
    event = fitted.training
    if event is None:
        return None
    return TrainingSummary(
        done=event.done,
        total=event.total,
        unit=event.unit,
        seconds=round(event.elapsed, 1),
        losses={name: loss for name, loss in event.losses.items() if math.isfinite(loss)},
    )


def _summary_of(report: Report) -> ReportSummary:
    evaluation = report.written or report.evaluation
    if evaluation.real_is == "cross-validated":
        raise ParameterError(
            "save: a cross-validated report is about fits of parts of the table, not about this "
            "model; save without it, or with a report of evaluate()"
        )
    overall = evaluation.overall
    return ReportSummary(
        n_real=evaluation.n_real,
        n_synthetic=evaluation.n_synthetic,
        real_is=evaluation.real_is,
        ks_average=_maybe_figure(overall.ks_average),
        column_average=_figure(overall.column_average),
        dependence_difference=_maybe_figure(overall.dependence_difference),
    )


def _maybe_figure(score: Score | None) -> Figure | None:
    return None if score is None else _figure(score)


def _figure(score: Score) -> Figure:
    # The file tells no digit more than the report does.
    told = score.model_dump()
    return Figure(
        value=told["value"], floor_low=told["floor"]["low"], floor_high=told["floor"]["high"]
    )


def _hmac_of(table: pd.DataFrame | None, key: bytes) -> str:
    if table is None:
        raise ParameterError(
            "save: a reloaded synthesizer does not carry the training table, so its keyed hash "
            "cannot be computed; save without a key, or fit again"
        )
    return table_digest(table, key)


def _replay_of(fitted: Fitted) -> Replay | None:
    try:
        sample = fitted.sample(REPLAY_ROWS, REPLAY_SEED)
    except SynthHealthError:
        # A model that hardly ever keeps the rules, say; it is still the user's to keep.
        return None
    return Replay(n_rows=REPLAY_ROWS, seed=REPLAY_SEED, sha256=sample_digest(sample))


def _plain(parameters: Mapping[str, Any]) -> dict[str, JsonValue]:
    return {name: _plain_value(name, value) for name, value in parameters.items()}


def _plain_value(name: str, value: Any) -> JsonValue:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain_value(name, one) for one in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain_value(name, one) for key, one in value.items()}
    raise ArtifactError(
        f"parameter {name!r} is a {type(value).__name__}, which cannot be saved; a family's "
        "parameters are numbers, text, true or false, and lists or dicts of these"
    )
