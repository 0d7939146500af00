"""The verdict on a release: frozen and typed. As JSON it is ``release.json``."""

from __future__ import annotations

import hashlib
import os
import textwrap
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from synthhealth.errors import FileError, ParameterError
from synthhealth.evaluation.privacy.attack import MembershipAttacks
from synthhealth.evaluation.privacy.evidence import Outcome
from synthhealth.evaluation.privacy.legal_tests import (
    Learned,
    LegalTest,
    Released,
    Source,
    as_released,
    legal_tests,
)
from synthhealth.evaluation.privacy.policy import Policy
from synthhealth.io.as_json import WritesJson
from synthhealth.io.files import reason
from synthhealth.report.compare import check_same_columns
from synthhealth.report.data import ModelInfo, Part, ReportData, published_schema
from synthhealth.report.files import write
from synthhealth.report.release.checklist import IdentifierRow, checklist
from synthhealth.report.release.crosswalk import CROSSWALK, Clause
from synthhealth.report.release.words import (
    IN_WORDS,
    headline,
    outcome_text,
    reasons,
    residual_risks,
)
from synthhealth.report.text import bullets
from synthhealth.report.words import shown

__all__ = ["ReleaseVerdict", "json_schema", "read_attacks", "verdict_on"]

FILE_NAME = "release.schema.json"


class ReleasedFile(Part):
    """A file that is handed over, known by its digest."""

    name: str
    """Its name."""
    size: int = Field(ge=0)
    """Its size in bytes."""
    sha256: str
    """SHA-256 of its content."""

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> ReleasedFile:
        """Look at a file.

        Raises
        ------
        FileError
            It cannot be read.
        """
        digest, size = hashlib.sha256(), 0
        try:
            with Path(path).open("rb") as file:
                while block := file.read(2**20):
                    digest.update(block)
                    size += len(block)
        except OSError as error:
            raise FileError(f"{path}: cannot be read ({reason(error)})") from None
        return cls(name=Path(path).name, size=size, sha256=digest.hexdigest())


class ReleaseVerdict(Part, WritesJson):
    """What the attacks show of the tests that law, guidance and the site name.

    It is evidence for the person who decides, and no decision: see ``Report.release``.
    """

    format_version: Literal[1] = 1
    """Version of this format."""
    title: str
    """Title of the report."""
    created: datetime
    """When the verdict was made."""
    versions: dict[str, str]
    """Versions of Python and of the packages that computed the figures."""
    released: Released
    """What is handed over."""
    files: tuple[ReleasedFile, ...]
    """The files that leave it; none where they were not given."""
    model: ModelInfo | None
    """Which model made the synthetic table; None where unknown."""
    n_patients: int = Field(ge=1)
    """Number of real patients."""
    n_synthetic: int = Field(ge=1)
    """Number of synthetic rows."""
    policy: Policy
    """The limits that were applied."""
    outcome: Outcome
    """`exceeded` where any test is; `shown` where all are; else `not shown`."""
    headline: str
    """The verdict in one plain sentence."""
    reasons: tuple[str, ...]
    """Why, in plain sentences, the gravest first."""
    tests: tuple[LegalTest, ...]
    """The tests, each with what every attack says of it."""
    residual_risks: tuple[str, ...]
    """What the tests leave open, in plain sentences."""
    identifiers: tuple[IdentifierRow, ...]
    """The 18 identifiers of 45 CFR 164.514(b)(2)(i), in the rule's order."""
    crosswalk: tuple[Clause, ...]
    """Which part of this answers which clause, and what the organisation must add."""

    def summary(self) -> str:
        """Return the verdict, why, and a line for each test, as text for a terminal."""
        width = 88
        title = f"Release of {IN_WORDS[self.released]}: {shown(self.title)}"
        lines = [title, "=" * len(title), ""]
        lines += [*textwrap.wrap(f"{self.outcome.upper()}: {self.headline}", width), ""]
        lines += bullets(
            (
                f"{test.name} ({shown(test.source)}, limit {test.limit:g}): "
                f"{outcome_text(test.outcome, test.evidence)}"
                for test in self.tests
            ),
            width,
        )
        lines += ["", "Why", "", *bullets(self.reasons, width)]
        return "\n".join(lines) + "\n"

    def to_html(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the page, whose first sheet is to be signed; it needs no other file.

        Parameters
        ----------
        path : path-like
            The file, for example ``"release.html"``; written whole or not at all.
        force : bool
            Replace the file if it exists.

        Raises
        ------
        FileError
            The file exists already, or cannot be written.
        """
        from synthhealth.report.release.page import as_page

        write(path, lambda: as_page(self), force=force)


def verdict_on(
    data: ReportData,
    *,
    attacks: MembershipAttacks | None,
    cross_evaluated: ReportData | None,
    released: Released,
    policy: Policy,
    files: Sequence[str | os.PathLike[str]],
    created: datetime,
) -> ReleaseVerdict:
    """Judge a release; see ``Report.release``."""
    as_released(released)
    reports = [data] if cross_evaluated is None else [data, cross_evaluated]
    check_same_columns(reports)
    _check_model(data, cross_evaluated, attacks)
    # Rounded as in writing, so that what is judged here is what a file would give.
    shadow = None if attacks is None else MembershipAttacks.model_validate(attacks.model_dump())
    n_patients = data.evaluation.n_real
    tests = legal_tests(
        [_source(one, is_other=one is cross_evaluated) for one in reports],
        shadow,
        released=released,
        policy=policy,
        learned=Learned(*_learner(data, shadow), data.evaluation.n_training or n_patients),
    )
    identifiers = checklist(data)
    outcomes = {test.outcome for test in tests}
    return ReleaseVerdict(
        title=data.title,
        created=created,
        versions=data.versions,
        released=released,
        files=tuple(map(ReleasedFile.of, files)),
        model=data.model,
        n_patients=n_patients,
        n_synthetic=data.evaluation.n_synthetic,
        policy=policy,
        outcome="exceeded"
        if "exceeded" in outcomes
        else "not shown"
        if "not shown" in outcomes
        else "shown",
        headline=headline(tests, released, n_patients),
        reasons=reasons(tests, n_patients, data.model),
        tests=tests,
        residual_risks=residual_risks(data, tests, shadow, identifiers, released),
        identifiers=identifiers,
        crosswalk=CROSSWALK,
    )


def _source(data: ReportData, *, is_other: bool) -> Source:
    evaluation = data.evaluation
    is_other = is_other or evaluation.real_is == "cross-validated"
    return Source(
        "other fits" if is_other else "this table", evaluation.privacy, evaluation.not_computed
    )


def _check_model(
    data: ReportData, cross_evaluated: ReportData | None, attacks: MembershipAttacks | None
) -> None:
    """Refuse evidence that is about another model than the report."""
    others = {
        "the attack": None if attacks is None else (attacks.family, attacks.privacy),
        "the cross-evaluation": None if cross_evaluated is None else _model(cross_evaluated.model),
    }
    for what, other in others.items():
        for found, known in zip(other or (), _model(data.model), strict=False):
            if found is not None and known is not None and found != known:
                raise ParameterError(
                    f"{what} is about {found!r}, but {known!r} made the table; give one with the "
                    "same family, parameters and privacy"
                )


def _learner(data: ReportData, attacks: MembershipAttacks | None) -> tuple[str | None, str | None]:
    """Give family and privacy by whatever knows them."""
    if data.model is not None or attacks is None:
        return _model(data.model)
    return attacks.family, attacks.privacy


def _model(model: ModelInfo | None) -> tuple[str | None, str | None]:
    """Give the family, and how many patients a fit leaves out."""
    return (None, None) if model is None else (model.name, model.privacy)


def read_attacks(path: str | os.PathLike[str]) -> MembershipAttacks:
    """Read what ``synthhealth attack --out FILE`` wrote.

    Raises
    ------
    FileError
        The file cannot be read, or is none of this format.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"{path}: cannot be read ({reason(error)})") from None
    try:
        return MembershipAttacks.model_validate_json(content)
    except ValidationError:
        raise FileError(
            f"{path} is not what `synthhealth attack --out FILE` of this version writes; run it "
            "again"
        ) from None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) under which every ``release.json`` is valid.

    Examples
    --------
    >>> from synthhealth.report.release.verdict import json_schema
    >>> json_schema()["title"]
    'ReleaseVerdict'
    """
    return published_schema(FILE_NAME)
