"""What is known of a family's saved models before anybody has attacked the one at hand."""

from __future__ import annotations

from synthhealth.evaluation.privacy.evidence import Evidence
from synthhealth.evaluation.privacy.shadow import BY_FILE
from synthhealth.models import FileAttack, about

__all__ = ["INSTEAD", "such_files", "what_such_files_tell"]

_INSTEAD = ("release synthetic rows and not the file", "keep the file in the hospital")
_ANEW = "learn from more patients and attack what comes of them"
#: What to do where a file tells too much.
INSTEAD = f"{', '.join(_INSTEAD)}, or {_ANEW}"


def such_files(
    family: str | None, privacy: str | None, n_patients: int, limit: float
) -> Evidence | None:
    """Give as evidence that files of a family tell more than a limit; None where that is not known.

    Parameters
    ----------
    family, privacy : str or None
        The family and how many patients a fit leaves out, where they are known.
    n_patients : int
        Patients of the table.
    limit : float
        For the area under the curve, less that of guessing.
    """
    known = None if family is None else about(family).file_attack(n_patients, privacy)
    if family is None or known is None or known.auc - 0.5 <= limit:
        return None
    return Evidence(
        attack=BY_FILE.name,
        given=BY_FILE.given,
        about="other tables",
        outcome="not shown",
        measure="area",
        value=known.auc - 0.5,
        reason=_above(family, known, n_patients, limit),
    )


def what_such_files_tell(family: str, privacy: str, n_patients: int, limit: float) -> str | None:
    """Say what is known of files of a family, and what to do with one; None where nothing is.

    Examples
    --------
    >>> what_such_files_tell("a stranger's", "standard", 61, 0.15) is None
    True
    """
    known = about(family).file_attack(n_patients, privacy)
    if known is None:
        return None
    if known.auc - 0.5 > limit:
        return f"do not hand over the file: {_above(family, known, n_patients, limit)}"
    return (
        f"{_measured(family, known)}, within the {_percent(0.5 + limit)} that are asked; attack "
        "your own table before the file leaves the hospital (synthhealth attack)"
    )


def _above(family: str, known: FileAttack, n_patients: int, limit: float) -> str:
    careful = about(family).file_attack(n_patients, "high")
    instead = INSTEAD
    if careful is not None and careful.auc - 0.5 <= limit:
        high = f"fit with --privacy high (there {_percent(careful.auc)})"
        instead = f"{', '.join(_INSTEAD)}, {high}, or {_ANEW}"
    return f"{_measured(family, known)}; at most {_percent(0.5 + limit)} are asked: {instead}"


def _measured(family: str, known: FileAttack) -> str:
    return (
        f"who holds a saved model of {family} tells which of two patients was learned in "
        f"{_percent(known.auc)} of pairs ({100 * known.low:.0f} to {_percent(known.high)}; "
        f"guessing gets 50 %), measured on {known.n_patients:,} patients of {known.table} with "
        f"privacy {known.privacy!r}"
    )


def _percent(area: float) -> str:
    return f"{100 * area:.3g} %"
