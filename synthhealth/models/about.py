"""What a family says of itself, for those who know its name alone: reports, saved models."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["About", "Advice"]


@dataclass(frozen=True)
class Advice:
    """What a report advises on a table that one of the family's models drew; None: nothing special.

    In the texts ``{columns}`` stands for the columns concerned and what is wrong with them,
    ``{names}`` for their names, ``{n}`` for their number, ``{shorter}`` and ``{longer}`` for half
    and twice the steps of the training.

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
    advice : Advice
        What a report says to whoever used it.

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
    advice: Advice = Advice()
