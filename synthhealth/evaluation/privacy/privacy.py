"""What somebody who holds the synthetic rows learns of the patients: attacks that need no refit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from synthhealth.evaluation.figures import NotComputed
from synthhealth.evaluation.privacy.disclosure import SECRETS, Guesses, guess_secrets
from synthhealth.evaluation.privacy.fits import Fit, quasi_identifiers, secrets
from synthhealth.evaluation.privacy.membership import (
    DENSITY,
    DISTANCE,
    MOST_PATIENTS,
    MOST_ROWS,
    Scores,
    score_members,
)
from synthhealth.evaluation.privacy.pooling import (
    Threat,
    Tried,
    as_attack,
    as_membership,
    enough,
)
from synthhealth.evaluation.privacy.replays import EXTREMES, RARE_LEVELS, Replays, find_replays
from synthhealth.evaluation.privacy.results import (
    Attack,
    ClosestRecords,
    Groups,
    Membership,
    Privacy,
    Replay,
)
from synthhealth.evaluation.privacy.uniqueness import (
    COMBINATIONS,
    IDENTICAL,
    NEARLY,
    find_rows,
    find_rows_nearly,
    find_unique_combinations,
    group_rows,
)
from synthhealth.evaluation.question import Answer, Case, Question
from synthhealth.evaluation.tables import Tables
from synthhealth.evaluation.work import Seeds
from synthhealth.options import option
from synthhealth.schema.types import MIN_CELL

__all__ = ["GUESSING", "PRIVACY", "WHAT", "PrivacyAttacks", "attack_tables"]

WHAT = "attacks on privacy"
#: Attacks that need something to be known of a patient.
GUESSING = "guessing secrets, singling out"

_TOO_FEW_SUCH = (
    f"fewer than {MIN_CELL} patients that the model learned, or that it never saw, can be attacked "
    "in this way"
)
_NOBODY_KNOWN = (
    "no column is one that somebody may know of a patient; say so in the schema (role: "
    "quasi-identifier)"
)


class PrivacyAttacks(NamedTuple):
    """What the attacks gave, and which could not be made."""

    results: Privacy
    not_computed: tuple[NotComputed, ...]


def attack_tables(folds: Sequence[Tables], seeds: Seeds) -> PrivacyAttacks:
    """Attack the patients of one fit, or of several, from the synthetic rows.

    Each attack is made on patients that the model learned and, in the same way, on patients of the
    same population that it never saw. What it gets of both alike is what the table says of such
    patients in general, and harms none of them; what it gets of members beyond that is theirs.
    Of independent rows, an interval leaves out 0 in at most 7 of 100 cases, and any attack of the
    report is called *found* in at most 5; so is any column whose secrets are guessed.

    - Membership by the nearest row, and by a ratio of densities: `score_members`.
    - Secrets guessed from quasi-identifiers: `guess_secrets`.
    - Unique combinations, whole rows, and whole rows but for rounding: `find_unique_combinations`,
      `find_rows`, `find_rows_nearly`.
    - Rare levels and extremes: `find_replays`.

    Parameters
    ----------
    folds : sequence of Tables
        One for each fit, with the patients that it learned and those that it never saw.
    seeds : Seeds
        Choose the rows of large tables: at most 1,000 patients of either sort are attacked by
        nearest rows, which are looked for among 20,000, and rows that differ by rounding among
        50,000 of either; all else is looked for in all rows.

    Returns
    -------
    PrivacyAttacks

    Examples
    --------
    >>> import synthhealth as sh
    >>> from synthhealth.evaluation.tables import read_tables
    >>> from synthhealth.evaluation.work import Seeds
    >>> learned, unseen = (sh.datasets.load_ra_panel(100, random_state=seed) for seed in (0, 1))
    >>> tables = read_tables(learned, learned, None, training=learned, unseen=unseen)
    >>> found = attack_tables([tables], Seeds.of(0)).results
    >>> [attack.finding for attack in found.memberships]
    ['found', 'found']
    """
    fits = [Fit.of(fold) for fold in folds]
    known = quasi_identifiers(fits[0].schema)
    results = Privacy(
        n_folds=len(fits),
        quasi_identifiers=known,
        groups=_mean_groups([group_rows(fit) for fit in fits]) if known else None,
    )
    replays = [find_replays(fit) for fit in fits]
    results = results.model_copy(update={"replays": _mean_replays(replays)})
    gap = _obstacle(folds, fits)
    if gap is not None:
        return PrivacyAttacks(results, (NotComputed(what=WHAT, column=None, reason=gap),))
    scores = [
        score_members(fit, seeds.rng(f"membership {place}")) for place, fit in enumerate(fits)
    ]
    attacks, gaps = _attacks(fits, replays, seeds)
    guesses: tuple[Attack, ...] = ()
    if known and secrets(fits[0].schema):
        guessed = [guess_secrets(fit, seeds.rng(f"secrets {n}")) for n, fit in enumerate(fits)]
        overall = [one.overall for one in guessed]
        if enough(overall):
            attacks.insert(0, as_attack(overall, SECRETS))
        guesses = _by_column(guessed)
    memberships = _memberships(scores)
    n_attacks = len(memberships) + len(attacks)
    return PrivacyAttacks(
        results.model_copy(
            update={
                "n_members": max(fit.n_members for fit in fits),
                "n_non_members": sum(fit.n_non_members for fit in fits),
                "sampled": any(_is_sampled(fit) for fit in fits),
                "memberships": tuple(attack.among(n_attacks) for attack in memberships),
                "attacks": tuple(attack.among(n_attacks) for attack in attacks),
                "guesses": guesses,
                "closest": _closest(scores),
            }
        ),
        tuple(gaps),
    )


def _obstacle(folds: Sequence[Tables], fits: Sequence[Fit]) -> str | None:
    """Say why no patient can be attacked as member and as non-member, if so."""
    as_both = (
        "attack every patient as one that was learned and as one that was not "
        f"({option('every patient unseen')})"
    )
    if any(fold.training is None for fold in folds):
        return (
            f"which patients the model learned is not known; say which it never saw "
            f"({option('holdout')}), or {as_both}"
        )
    n_non_members = [fit.n_non_members for fit in fits]
    if not any(n_non_members):
        return (
            "no patient is known that the model never saw, and what is true of those learned only "
            "cannot be told from what is true of all; keep some back and give them "
            f"({option('holdout')}), or {as_both}"
        )
    # A single non-member of a fit has no other one for a reference.
    if (
        min(n_non_members) < 2
        or sum(n_non_members) < MIN_CELL
        or min(fit.n_members for fit in fits) < MIN_CELL
    ):
        return (
            f"fewer than {MIN_CELL} patients that the model learned, or that it never saw; give "
            f"more, or {as_both}"
        )
    return None


def _is_sampled(fit: Fit) -> bool:
    return max(fit.n_members, fit.n_non_members) > MOST_PATIENTS or len(fit.drawn) > MOST_ROWS


def _memberships(scores: Sequence[Scores]) -> tuple[Membership, ...]:
    return (
        as_membership([one.distance for one in scores], DISTANCE),
        as_membership([one.density for one in scores], DENSITY),
    )


def _attacks(
    fits: Sequence[Fit], replays: Sequence[Replays], seeds: Seeds
) -> tuple[list[Attack], list[NotComputed]]:
    """Look for patients that are repeated; of what there are too few is a gap, of none nothing."""
    looked: list[tuple[Threat, list[Tried]]] = [
        (IDENTICAL, [find_rows(fit) for fit in fits]),
        (NEARLY, [find_rows_nearly(fit, seeds.rng(f"nearly {n}")) for n, fit in enumerate(fits)]),
        (EXTREMES, [one.extremes for one in replays]),
        (RARE_LEVELS, [one.levels for one in replays]),
    ]
    gaps = []
    if quasi_identifiers(fits[0].schema):
        looked.insert(0, (COMBINATIONS, [find_unique_combinations(fit) for fit in fits]))
    else:
        gaps.append(NotComputed(what=GUESSING, column=None, reason=_NOBODY_KNOWN))
    gaps += [
        NotComputed(what=threat.name.lower(), column=None, reason=_TOO_FEW_SUCH)
        for threat, tried in looked
        if not enough(tried) and any(fit.members.size + fit.non_members.size for fit in tried)
    ]
    return [as_attack(tried, threat) for threat, tried in looked if enough(tried)], gaps


def _by_column(guessed: Sequence[Guesses]) -> tuple[Attack, ...]:
    names = [name for name in guessed[0].columns if all(name in one.columns for one in guessed)]
    tried = {name: [one.columns[name] for one in guessed] for name in names}
    attacks = [as_attack(one, SECRETS, name) for name, one in tried.items() if enough(one)]
    judged = [attack.among(len(attacks)) for attack in attacks]
    return tuple(sorted(judged, key=lambda attack: -attack.excess))


def _closest(scores: Sequence[Scores]) -> ClosestRecords:
    return ClosestRecords(
        members=float(np.median(np.concatenate([one.members for one in scores]))),
        non_members=float(np.median(np.concatenate([one.non_members for one in scores]))),
    )


def _mean_groups(groups: Sequence[Groups]) -> Groups:
    return groups[0].model_copy(
        update={
            "smallest": min(one.smallest for one in groups),
            "alone": float(np.mean([one.alone for one in groups])),
            "in_small": float(np.mean([one.in_small for one in groups])),
        }
    )


def _mean_replays(replays: Sequence[Replays]) -> tuple[Replay, ...]:
    """Give the counts of each column as their mean over the fits."""
    by_column: dict[tuple[str, str], list[Replay]] = {}
    for one in replays:
        for replay in one.columns:
            by_column.setdefault((replay.column, replay.what), []).append(replay)
    return tuple(
        found[0].model_copy(
            update={
                "n": round(sum(one.n for one in found) / len(found)),
                "replayed": round(sum(one.replayed for one in found) / len(found)),
            }
        )
        for found in by_column.values()
    )


def _ask(case: Case, seeds: Seeds) -> Answer:
    found = attack_tables(case.folds, seeds)
    return Answer(found.results, gaps=found.not_computed)


#: What does the synthetic table give away of the patients?
PRIVACY = Question(WHAT, _ask, field="privacy", part="privacy", seconds=2.0)
