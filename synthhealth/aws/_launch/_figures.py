"""The figures of a report, as a registry and a model card carry them."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from synthhealth.aws._launch._errors import LaunchError
from synthhealth.errors import FileError

__all__ = ["Figure", "Figures"]

Standing = Literal["below", "within", "above"]

#: Each overall score of a report: whether more is better, and what it is.
OVERALL = {
    "ks_average": "Likeness of the numerical columns: mean KS complement, 1 is best",
    "column_average": "Likeness of all columns, 1 is best",
    "dependence_difference": "Difference of dependence between columns, 0 is best",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Figure(_Part):
    """A score beside its noise floor: what two samples of real patients would score.

    Attributes
    ----------
    name : str
        As in ``report.json``.
    value : float
    low, high : float
        The noise floor's 95 % interval.
    """

    name: str
    value: float
    low: float
    high: float

    @property
    def standing(self) -> Standing:
        """Where the score stands to its noise floor."""
        if self.value < self.low:
            return "below"
        return "above" if self.value > self.high else "within"


class Figures(_Part):
    """What a report says overall; no patient, no column and no category is in it.

    Attributes
    ----------
    scores : tuple of Figure
    n_real, n_synthetic : int
        Rows compared.
    real_is : str
        ``"training"``, ``"holdout"`` or ``"given"``.
    synthesizer : str
        The model family; empty where the report knows of none.
    sentences : tuple of str
        The report's limits, in its own words.
    sha256 : str
        Of the file ``report.json``.
    """

    scores: tuple[Figure, ...]
    n_real: int
    n_synthetic: int
    real_is: Literal["training", "holdout", "given"]
    synthesizer: str
    sentences: tuple[str, ...]
    sha256: str

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Figures:
        """Read the figures of a ``report.json``.

        Parameters
        ----------
        path : path-like
            As `Report.to_json <synthhealth.Report.to_json>` or a training job writes it.

        Raises
        ------
        FileError
            It cannot be read.
        LaunchError
            It is no report.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise FileError(f"{os.fspath(path)}: cannot be read ({reason})") from error
        return cls.from_bytes(content, os.fspath(path))

    @classmethod
    def from_bytes(cls, content: bytes, name: str = "report.json") -> Figures:
        """Read the figures of a report that is in memory."""
        try:
            report = json.loads(content)
            evaluation = report["evaluation"]
            return cls(
                scores=tuple(_scores(evaluation["overall"])),
                n_real=evaluation["n_real"],
                n_synthetic=evaluation["n_synthetic"],
                real_is=evaluation["real_is"],
                synthesizer=(report.get("model") or {}).get("name") or "",
                sentences=tuple(report.get("limits", ())),
                sha256=hashlib.sha256(content).hexdigest(),
            )
        except (ValueError, KeyError, TypeError, AttributeError, ValidationError):
            # Not chained: the text of the error may repeat what the file holds.
            raise LaunchError(
                f"{name}: is no report of synthhealth; give the report.json of a training job"
            ) from None

    @property
    def verdict(self) -> str:
        """One sentence: where each score stands."""
        return "; ".join(
            f"{figure.name} {figure.value:.3f} is {figure.standing} its noise floor "
            f"{figure.low:.3f} to {figure.high:.3f}"
            for figure in self.scores
        )


def _scores(overall: dict[str, Any]) -> list[Figure]:
    return [
        Figure(
            name=name,
            value=overall[name]["value"],
            low=overall[name]["floor"]["low"],
            high=overall[name]["floor"]["high"],
        )
        for name in OVERALL
        if overall.get(name) is not None
    ]
