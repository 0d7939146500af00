"""What the attacks show of the tests that law and guidance name.

A test is *shown* where every attack that measures it stays below the limit by its whole 95 %
interval, *exceeded* where one lies above it by its whole interval, and *not shown* else: with so
many patients nothing can be told, or nobody tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, cast, get_args

from pydantic import Field

from synthhealth.errors import ParameterError
from synthhealth.evaluation.figures import NotComputed, Result
from synthhealth.evaluation.privacy.attack import MembershipAttacks
from synthhealth.evaluation.privacy.disclosure import SECRETS
from synthhealth.evaluation.privacy.evidence import (
    About,
    Evidence,
    Outcome,
    missing,
    of_area,
    of_attack,
    of_recognised,
)
from synthhealth.evaluation.privacy.on_file import such_files
from synthhealth.evaluation.privacy.policy import Policy
from synthhealth.evaluation.privacy.pooling import Threat
from synthhealth.evaluation.privacy.privacy import GUESSING, WHAT
from synthhealth.evaluation.privacy.replays import EXTREMES, RARE_LEVELS
from synthhealth.evaluation.privacy.results import EMA_LIMIT, Given, Membership, Privacy
from synthhealth.evaluation.privacy.shadow import BY_FILE, BY_ROWS, LEAST_FITS
from synthhealth.evaluation.privacy.uniqueness import COMBINATIONS, IDENTICAL, NEARLY

__all__ = ["LegalTest", "Released", "Source", "as_released", "legal_tests"]

#: What leaves the hospital.
Released = Literal["table", "model", "both"]
_GRAVEST: tuple[Outcome, ...] = ("exceeded", "not shown", "shown")

_NO_SHADOW = (
    "nobody tried the strongest attack; run `synthhealth attack DATA --out DIR/attack.json`, or "
    "give what sh.attack(table, family) finds"
)
_NO_FILE = "the attack had no saved model to read; run `synthhealth attack` with the family of it"
_TOO_FEW_FITS = (
    "{fits} of {asked} fits were done, and {least} are the fewest that tell anything; give "
    "`synthhealth attack` more time (--max-seconds) or ask for more fits (--fits)"
)
_NOBODY_LOOKED = (
    "the report has no attacks on privacy; evaluate with the part 'privacy', and with patients "
    "that the model never saw (holdout), or cross-evaluate"
)
_NOT_TRIED = "there were too few patients to attack in this way"
_NO_ATTACK = (
    "no attack here reads it off the parameters; whoever has the file can draw any number of rows, "
    "so that what the attacks on rows get is the least"
)


class LegalTest(Result):
    """A test that law, guidance or the site's policy names, and what the attacks show of it."""

    key: str
    """A short name, for programs."""
    name: str
    """What is tested."""
    source: str
    """Who names the test."""
    asks: str
    """What it asks, in one sentence."""
    measured_by: str
    """What of it the attacks measure, and what not."""
    limit: float = Field(gt=0, lt=1)
    """The limit that the values are held against."""
    limit_from: str
    """Where the limit comes from."""
    outcome: Outcome
    """`shown`: all that was attacked lies below the limit by its whole 95 % interval; `exceeded`: \
something lies above it likewise; `not shown`: neither, or somebody has still to try."""
    evidence: tuple[Evidence, ...]
    """What each attack says, the gravest first."""


class Learned(NamedTuple):
    """What is known of the model that is released, and of what it learned."""

    family: str | None
    privacy: str | None
    n_patients: int


class Source(NamedTuple):
    """An evaluation whose attacks count."""

    about: About
    privacy: Privacy | None
    gaps: Sequence[NotComputed]

    @property
    def is_tried(self) -> bool:
        """Whether any attack was made."""
        return self.privacy is not None and bool(self.privacy.memberships or self.privacy.attacks)


def as_released(text: str) -> Released:
    """Give what leaves the hospital, if it is one of the three.

    Raises
    ------
    ParameterError
    """
    if text not in get_args(Released):
        known = ", ".join(map(repr, get_args(Released)))
        raise ParameterError(f"released is {text!r}; it is one of {known}")
    return cast(Released, text)


def legal_tests(
    sources: Sequence[Source],
    shadow: MembershipAttacks | None,
    *,
    released: Released = "table",
    policy: Policy | None = None,
    learned: Learned | None = None,
) -> tuple[LegalTest, ...]:
    """Hold what the attacks got against the limits of law, guidance and the site.

    - WP216 (Article 29 Working Party, Opinion 05/2014): singling out, linkability and inference,
      by what attacks get of patients that were learned beyond what they get of others.
    - EMA Policy 0070 (EMA/90915/2016): at most 0.09 of the patients may be recognised.
    - Where a saved model leaves the hospital, how surely its parameters tell who was learned: by an
      attack on such fits of these patients, or else by what files of the family tell elsewhere.
    - What the policy of the site adds.

    Who holds a saved model draws rows from it, too: for ``"model"`` and ``"both"`` the attacks on
    rows count and those on the parameters.

    Parameters
    ----------
    sources : sequence of Source
        Evaluations; of an attack that several made, the gravest excess counts, and one that shows
        is enough.
    shadow : MembershipAttacks or None
        Attacks with shadow fits; None where nobody tried.
    released : {"table", "model", "both"}
        What leaves the hospital.
    policy : Policy, optional
        The limits of the site.
    learned : Learned, optional
        The model, where it is known: its family may have declared what its files tell.

    Examples
    --------
    >>> [(test.key, test.outcome) for test in legal_tests([], None)][-1]
    ('ema_risk', 'not shown')
    """
    policy = policy or Policy()
    found = _Found(tuple(sources), shadow, released, learned)
    limits = (
        (test, test.limit_in(policy))
        for test in _TESTS
        if released != "table" or not test.is_about_file
    )
    return tuple(_judged(test, limit, found, policy) for test, limit in limits if limit is not None)


@dataclass(frozen=True)
class _Found:
    sources: tuple[Source, ...]
    shadow: MembershipAttacks | None
    released: Released
    learned: Learned | None

    @property
    def givens(self) -> tuple[Given, ...]:
        return (
            ("synthetic rows",) if self.released == "table" else ("synthetic rows", "saved model")
        )

    @property
    def tried(self) -> tuple[Source, ...]:
        """The evaluations with attacks; where there are none, one of those without, with gaps."""
        return tuple(one for one in self.sources if one.is_tried) or self.sources[:1]


# Which attacks measure a test


def _singling_out(found: _Found, limit: float) -> Iterator[Evidence]:
    # Of unique combinations, extremes and rare levels a table may have none.
    yield from _quick(found, (IDENTICAL, NEARLY), limit)
    yield from _quick(found, (COMBINATIONS, EXTREMES, RARE_LEVELS), limit, may_be_none=True)
    yield from _not_on_file(found, "Singling out")


def _repeated(found: _Found, limit: float) -> Iterator[Evidence]:
    yield from _quick(found, (IDENTICAL, NEARLY), limit)


def _linkability(found: _Found, limit: float) -> Iterator[Evidence]:
    for source in found.tried:
        memberships = () if source.privacy is None else source.privacy.memberships
        yield from (of_area(attack, limit, source.about) for attack in memberships)
        if not memberships:
            yield missing("Membership", "synthetic rows", _gap(source), source.about)
    yield from _shadow(found, limit, of_area)


def _inference(found: _Found, limit: float) -> Iterator[Evidence]:
    yield from _quick(found, (SECRETS,), limit)
    for source in found.tried:
        guesses = () if source.privacy is None else source.privacy.guesses
        yield from (of_attack(attack, limit, source.about) for attack in guesses)
    yield from _not_on_file(found, "Inference")


def _recognised(found: _Found, limit: float) -> Iterator[Evidence]:
    yield from _shadow(found, limit, of_recognised)


def _by_file(found: _Found, limit: float) -> Iterator[Evidence]:
    here = [one for one in _shadow(found, limit, of_area) if one.given == BY_FILE.given]
    settled = any(one.outcome != "not shown" for one in here)
    if found.learned is not None and not settled:
        elsewhere = such_files(*found.learned, limit)
        yield from () if elsewhere is None else (elsewhere,)
    yield from here


def _quick(
    found: _Found, threats: Iterable[Threat], limit: float, *, may_be_none: bool = False
) -> Iterator[Evidence]:
    """Give the evidence of attacks that reports have."""
    for source in found.tried:
        attacks = () if source.privacy is None else source.privacy.attacks
        made = {attack.name: attack for attack in attacks}
        for threat in threats:
            if threat.name in made:
                yield of_attack(made[threat.name], limit, source.about)
            elif not (may_be_none and source.is_tried and _gap_of(source, threat) is None):
                reason = _gap_of(source, threat) or _gap(source)
                yield missing(threat.name, "synthetic rows", reason, source.about)
    if not found.tried:
        yield from (missing(one.name, "synthetic rows", _NOBODY_LOOKED) for one in threats)


def _gap_of(source: Source, threat: Threat) -> str | None:
    """Give why an evaluation with attacks lacks this one, where it says so."""
    known = GUESSING if threat in (SECRETS, COMBINATIONS) else threat.name.lower()
    reasons = (gap.reason for gap in source.gaps if gap.what in (known, threat.name.lower()))
    return next(reasons, None)


def _gap(source: Source) -> str:
    """Give why an evaluation lacks all attacks, or one without its own reason."""
    if source.is_tried:
        return _NOT_TRIED
    return next((gap.reason for gap in source.gaps if gap.what == WHAT), _NOBODY_LOOKED)


def _shadow(
    found: _Found, limit: float, of: Callable[[Membership, float, About], Evidence]
) -> Iterator[Evidence]:
    """Give the evidence of attacks with shadow fits."""
    for given in found.givens:
        shadow, name = found.shadow, BY_ROWS.name
        attack = None if shadow is None else _by(shadow, given)
        if attack is not None:
            yield of(attack, limit, "other fits")
        elif shadow is None:
            yield missing(name, given, _NO_SHADOW)
        elif shadow.verdict == "cannot tell":
            fits = {"fits": shadow.fits, "asked": shadow.fits_asked, "least": LEAST_FITS}
            yield missing(name, given, _TOO_FEW_FITS.format(**fits))
        else:
            yield missing(name, given, _NO_FILE)


def _by(shadow: MembershipAttacks, given: Given) -> Membership | None:
    return shadow.on_file if given == BY_FILE.given else shadow.on_rows


def _not_on_file(found: _Found, name: str) -> Iterator[Evidence]:
    if found.released != "table":
        yield missing(name, "saved model", _NO_ATTACK)


# The tests


@dataclass(frozen=True)
class _Test:
    key: str
    name: str
    source: str
    asks: str
    measured_by: str
    gather: Callable[[_Found, float], Iterator[Evidence]]
    limit: float | None = None  # that of the policy, by the key, where there is none
    default_from: str = "EMA Policy 0070, since WP216 names no number"
    is_about_file: bool = False

    def limit_in(self, policy: Policy) -> float | None:
        """Give the limit; None where the site sets none."""
        found: float | None = self.limit or getattr(policy, self.key)
        return found

    def limit_from(self, policy: Policy) -> str:
        """Say where the limit comes from."""
        if self.limit is not None:
            return self.source
        if self.key in policy.model_fields_set:
            return policy.name
        return self.default_from


WP216 = "WP216"
EMA = "EMA Policy 0070"
SITE = "the site"
OURS = "synthhealth"

_TESTS: tuple[_Test, ...] = (
    _Test(
        "singling_out",
        "Singling out",
        WP216,
        "Can somebody isolate records that belong to one patient?",
        "How much more often unique combinations, whole rows, rows but for rounding, extremes and "
        "rare levels of patients that were learned stand among the synthetic rows than those of "
        "others.",
        _singling_out,
    ),
    _Test(
        "linkability",
        "Linkability",
        WP216,
        "Can somebody link two records that are of the same patient?",
        "How much better than by guessing a record that the attacker holds is linked with the "
        "study. That two parts of a record are joined through the release is measured by no "
        "attack here.",
        _linkability,
    ),
    _Test(
        "inference",
        "Inference",
        WP216,
        "Can somebody deduce the value of one column from those of others?",
        "How much more often secrets of patients that were learned are guessed from what is known "
        "of them than those of others, all together and column by column.",
        _inference,
    ),
    _Test(
        "ema_risk",
        "Risk of being recognised",
        EMA,
        f"Is the risk of a patient at most {EMA_LIMIT}, that is 1 of 11?",
        "The share of patients that an attacker with shadow fits, who knows all of their values, "
        "recognises nearly surely.",
        _recognised,
        EMA_LIMIT,
    ),
    _Test(
        "saved_model",
        "Recognition by the file",
        OURS,
        "Can whoever holds the saved model tell who was learned?",
        "The area under the curve of shadow fits that read the parameters of such models of these "
        "patients; where that was not tried, or does not tell, what files of the family told of as "
        "many patients elsewhere.",
        _by_file,
        default_from="the goal of this package for files of its own families",
        is_about_file=True,
    ),
    _Test(
        "recognised",
        "Patients recognised",
        SITE,
        "Is the risk of a patient within the limit of the site?",
        "The same share, held against the limit of the site.",
        _recognised,
    ),
    _Test(
        "repeated_rows",
        "Repeated rows",
        SITE,
        "Are rows of patients repeated?",
        "How much more often whole rows, or rows but for rounding, of patients that were learned "
        "stand among the synthetic rows than those of others.",
        _repeated,
    ),
)


def _judged(test: _Test, limit: float, found: _Found, policy: Policy) -> LegalTest:
    evidence = sorted(test.gather(found, limit), key=_gravity)
    return LegalTest(
        key=test.key,
        name=test.name,
        source=test.source if test.source != SITE else policy.name,
        asks=test.asks,
        measured_by=test.measured_by,
        limit=limit,
        limit_from=test.limit_from(policy),
        outcome=_together(evidence),
        evidence=tuple(evidence),
    )


def _gravity(one: Evidence) -> tuple[int, bool, float]:
    high = -1.0 if one.interval is None else one.interval.high
    return _GRAVEST.index(one.outcome), one.interval is None, -high


def _together(evidence: Sequence[Evidence]) -> Outcome:
    """Put attacks together: of one that several evaluations made, one that shows is enough."""
    outcomes: dict[tuple[str, Given, str | None], set[Outcome]] = {}
    for one in evidence:
        outcomes.setdefault((one.attack, one.given, one.column), set()).add(one.outcome)
    if any("exceeded" in found for found in outcomes.values()):
        return "exceeded"
    is_shown = bool(outcomes) and all("shown" in found for found in outcomes.values())
    return "shown" if is_shown else "not shown"
