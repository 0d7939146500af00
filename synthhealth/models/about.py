"""What a family says of itself, for those who know its name alone: reports, saved models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["About", "Advice", "FileAttack", "on_demo"]


@dataclass(frozen=True)
class Advice:
    """What a report advises on a table that one of the family's models drew; None: nothing special.

    In the texts ``{columns}`` stands for the columns concerned and what is wrong with them,
    ``{names}`` for their names, ``{n}`` for their number, ``{shorter}`` and ``{longer}`` for half
    and twice the steps of the training, ``{compare}`` for what tells which family suits a table.

    Attributes
    ----------
    copied : str or None
        Where synthetic rows repeat patients.
    columns : str or None
        Where columns lie below their noise floor.
    many_columns : str or None
        The same, where they are so many that it is no accident of single columns.
    relations : str or None
        Where columns are right one by one, but not together.
    """

    copied: str | None = None
    columns: str | None = None
    many_columns: str | None = None
    relations: str | None = None


@dataclass(frozen=True)
class FileAttack:
    """How well whoever holds saved models of a family tells patients they learned from others.

    Attributes
    ----------
    n_patients : int
        Patients that were given to each fit.
    privacy : str
        How many of them it left out, as for `Synthesizer`.
    auc, low, high : float
        Area under the curve of the strongest attack, and its 95 % interval; 0.5 is guessing.
    table : str
        Whose patients.
    command : str
        What measures it again.
    """

    n_patients: int
    privacy: str
    auc: float
    low: float
    high: float
    table: str
    command: str


def on_demo(
    family: str, found: Mapping[tuple[str, int], tuple[float, float, float]], *, fits: int = 32
) -> tuple[FileAttack, ...]:
    """Give what likelihood ratios with shadow fits told from files of the demonstration cohort.

    Parameters
    ----------
    family : str
        The family's name.
    found : mapping
        From level of privacy and number of patients to area, lower and upper end of its interval.
    fits : int
        Shadow fits.
    """
    return tuple(
        FileAttack(
            n_patients,
            privacy,
            *area,
            table="the demonstration cohort",
            command=f"synthhealth benchmark privacy --families {family} --tables demo "
            f"--rows {n_patients} --privacy {privacy} --parts membership --fits {fits}",
        )
        for (privacy, n_patients), area in found.items()
    )


@dataclass(frozen=True)
class About:
    """What others must know of a family of synthesizers.

    Attributes
    ----------
    title : str
        What people call it, as a sentence begins with it: ``"The Gaussian copula"``.
    in_steps : bool
        Whether it is trained step by step, as long as its parameter ``steps`` says.
    packages : tuple of str
        The distributions that it computes with, beside numpy and pandas; a saved model names their
        versions.
    licence : str or None
        Under which licence these packages may be used, where it is not a free one.
    holds_no_patient : bool
        Whether the family promises that neither a row of the training table, nor a list of row
        numbers, nor a number that one patient alone has is in its saved state.
    is_formal : bool
        Whether it is differentially private, and goes with ``privacy="formal"`` alone: it needs a
        budget, and a schema that says what columns can be.
    advice : Advice
        What a report says to whoever used it.
    on_file : tuple of FileAttack
        How surely patients were recognised in saved models of it, as far as that was measured. A
        release of a file rests on it where nobody has attacked the table at hand.

    Examples
    --------
    >>> import synthhealth as sh
    >>> sh.models.about("ctgan").title, sh.models.about("gaussian_copula").in_steps
    ('CTGAN', False)
    """

    title: str
    in_steps: bool = False
    packages: tuple[str, ...] = ()
    licence: str | None = None
    holds_no_patient: bool = False
    is_formal: bool = False
    advice: Advice = Advice()
    on_file: tuple[FileAttack, ...] = ()

    def file_attack(self, n_patients: int, privacy: str | None) -> FileAttack | None:
        """Give what was measured of the next fewer and the next more patients, the gravest of it.

        Not every family tells less of each of more patients, so that neither size alone would err
        on the side of caution. Of an unknown level the gravest counts, too.

        Examples
        --------
        >>> measured = {("standard", 61): (0.7, 0.6, 0.8), ("standard", 300): (0.6, 0.5, 0.7)}
        >>> mine = About("Mine", on_file=on_demo("mine", measured))
        >>> [mine.file_attack(n, "standard").n_patients for n in (20, 61, 299, 300, 5_000)]
        [61, 61, 61, 300, 300]
        >>> mine.file_attack(61, "high") is None
        True
        """
        known = [one for one in self.on_file if privacy in (None, one.privacy)]
        if not known:
            return None
        sizes = {one.n_patients for one in known}
        fewer = max((size for size in sizes if size <= n_patients), default=None)
        more = min((size for size in sizes if size >= n_patients), default=None)
        return max(
            (one for one in known if one.n_patients in (fewer, more)), key=lambda one: one.auc
        )
