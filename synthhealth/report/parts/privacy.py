"""What attacks on the patients get from the synthetic rows, as a figure and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from synthhealth.evaluation import Evaluation
from synthhealth.evaluation.privacy.results import Attack, Finding, Membership, Privacy, Replay
from synthhealth.report.data import PrivacyVerdict
from synthhealth.report.figures import label, zero_line
from synthhealth.report.numbers import counted, listed, number_text, percent, points_text
from synthhealth.report.sections import Drawing, Entry, Part, Section, Sheet
from synthhealth.report.theme import MARK, Figure, Tone, axis, figure, layout, trace
from synthhealth.report.words import shown

__all__ = ["PRIVACY", "PRIVACY_WORDS", "conclude_privacy", "found_attacks", "were_tried"]

_NAMED = 4  # columns or attacks named in a sentence
#: Columns whose secrets are listed.
_MOST_COLUMNS = 30

_TONES: dict[Finding, Tone] = {
    "found": "below",
    "not found": "within",
    "cannot tell": "unknown",
}

#: The verdict on privacy as a word and a mark. None of them is good news by itself.
PRIVACY_WORDS: dict[PrivacyVerdict, tuple[str, Tone]] = {
    "found": ("do not release", "below"),
    "not found": ("nothing found", "within"),
    "cannot tell": ("cannot tell", "unknown"),
    "not tried": ("not tried", "unknown"),
}


class _Line(NamedTuple):
    """An attack as a line of the figure and of the table."""

    name: str
    finding: Finding
    excess: float
    low: float
    high: float
    row: list[Entry]


def privacy_section(privacy: Privacy | None) -> Section | None:
    """Return what the attacks got."""
    if privacy is None:
        return None
    lines = _lines(privacy)
    sheets = [_attack_sheet(lines), _threat_sheet(privacy)] if lines else []
    if privacy.memberships:
        sheets.append(_recognised_sheet(privacy.memberships))
    if privacy.guesses:
        sheets.append(_secret_sheet(privacy))
    if privacy.replays:
        sheets.append(_replay_sheet(privacy.replays))
    described = _described(privacy)
    if described:
        sheets.append(
            Sheet(
                "privacy-described",
                "Described, not judged",
                ("figure", "value"),
                described,
                "No measure of similarity is a measure of privacy: copies of a quarter of the "
                "patients move no median.",
            )
        )
    if not sheets:
        return None
    return Section(
        "privacy",
        "Attacks on privacy",
        _hint(privacy),
        sheets,
        (_drawing(lines),) if lines else (),
    )


def _hint(privacy: Privacy) -> str:
    start = "What does somebody learn of a patient who holds the synthetic rows and nothing else? "
    if privacy.n_members is None or privacy.n_non_members is None:
        return (
            f"{start}No attack could be tried, since nobody knows what it would get of patients "
            "that the model never saw: the list of what was not computed says what to give. What "
            "follows only describes the table."
        )
    each = (
        f"{privacy.n_folds} models were attacked, each of which learned all parts of the patients "
        "but one. "
        if privacy.n_folds > 1
        else ""
    )
    sampled = " Of large tables, a random part was attacked." if privacy.sampled else ""
    return (
        f"{start}Each attack was tried on patients that the model learned ({privacy.n_members:,}) "
        f"and, in the same way, on others that it never saw ({privacy.n_non_members:,}). What it "
        "gets of both alike is true of such patients in general; only what it gets of the learned "
        f"ones beyond that was given away by the table. {each}The attacks are quick ones, and the "
        f"attacker has the rows only: stronger ones may get more.{sampled}"
    )


def _lines(privacy: Privacy) -> list[_Line]:
    return [
        *(_membership_line(attack) for attack in privacy.memberships),
        *(_attack_line(attack) for attack in privacy.attacks),
    ]


def _membership_name(attack: Membership) -> str:
    return f"Membership: {attack.name[:1].lower()}{attack.name[1:]}"


def _membership_line(attack: Membership) -> _Line:
    excess, low, high = (
        value - 0.5 for value in (attack.auc, attack.interval.low, attack.interval.high)
    )
    return _Line(
        _membership_name(attack),
        attack.finding or "cannot tell",
        excess,
        low,
        high,
        [
            Entry(percent(attack.auc)),
            Entry("–"),
            Entry("50 %"),
            Entry(points_text(excess, low, high)),
            Entry(f"{attack.members:,} and {attack.non_members:,}"),
        ],
    )


def _attack_line(attack: Attack) -> _Line:
    interval = attack.interval
    return _Line(
        attack.name if attack.column is None else shown(attack.column, 40),
        attack.finding or "cannot tell",
        attack.excess,
        interval.low,
        interval.high,
        [
            Entry(percent(attack.success)),
            Entry("–" if attack.control is None else percent(attack.control)),
            Entry(percent(attack.chance)),
            Entry(points_text(attack.excess, interval.low, interval.high)),
            Entry(_sizes(attack)),
        ],
    )


def _sizes(attack: Attack) -> str:
    others = "" if attack.non_members is None else f" and {attack.non_members:,}"
    return f"{attack.attempts:,}{others}"


def _row(line: _Line) -> list[Entry]:
    return [Entry(line.name), Entry(line.finding, _TONES[line.finding]), *line.row]


_HEADS = (
    "finding",
    "right, of those learned",
    "of others",
    "by guessing",
    "difference, points",
    "patients, learned and others",
)


def _attack_sheet(lines: Sequence[_Line]) -> Sheet:
    return Sheet(
        "privacy-attacks",
        "What each attack gets",
        ("attack", *_HEADS),
        [_row(line) for line in lines],
        "Found: it gets more of the patients that were learned than of others, by more than chance "
        "explains; of all attacks together chance does that in at most 5 of 100 cases. Not found: "
        "if there is anything, it is less than one patient more of ten. Cannot tell: too few "
        "patients for either. In brackets the 95 % interval.",
    )


def _threat_sheet(privacy: Privacy) -> Sheet:
    attacks: list[tuple[str, Attack | Membership]] = [
        *((_membership_name(attack), attack) for attack in privacy.memberships),
        *((attack.name, attack) for attack in privacy.attacks),
    ]
    return Sheet(
        "privacy-threats",
        "Who holds what, and does what",
        ("attack", "the attack", "source"),
        [[Entry(name), Entry(attack.threat), Entry(attack.source)] for name, attack in attacks],
        "Membership is right where it says of two patients which one was learned.",
    )


def _recognised_sheet(memberships: Sequence[Membership]) -> Sheet:
    return Sheet(
        "privacy-recognised",
        "How many of those learned are recognised",
        ("attack", "if 1 of 100 others may be taken for them", "if 1 of 10 may"),
        [
            [
                Entry(_membership_name(attack)),
                Entry(percent(attack.tpr_at_1)),
                Entry(percent(attack.tpr_at_10)),
            ]
            for attack in memberships
        ],
        "By guessing 1 % and 10 %. With fewer than 100 others the first is the share of those "
        "whom the attack is surer of than of any other, which chance makes one of their number.",
    )


def _secret_sheet(privacy: Privacy) -> Sheet:
    known = listed((shown(name, 30) for name in privacy.quasi_identifiers), _NAMED)
    guesses = privacy.guesses[:_MOST_COLUMNS]
    more = (
        f" The {len(guesses)} with the largest differences of {len(privacy.guesses)}."
        if len(privacy.guesses) > len(guesses)
        else ""
    )
    return Sheet(
        "privacy-secrets",
        "Secrets, column by column",
        ("column", *_HEADS),
        [_row(_attack_line(attack)) for attack in guesses],
        f"The attacker knows {known}, and guesses from the synthetic rows that are most alike. A "
        "category is right if it is the same; a number, if at most 5 of 100 patients lie between "
        f"it and the truth: the schema has no clinical tolerance.{more}",
    )


def _replay_sheet(replays: Sequence[Replay]) -> Sheet:
    words = {
        "levels": "levels of too few patients",
        "extremes": "smallest and largest values",
    }
    return Sheet(
        "privacy-replays",
        "Rare values in the synthetic table",
        ("column", "what", "in the real table", "of these in the synthetic one"),
        [
            [
                Entry(shown(one.column, 40)),
                Entry(words[one.what]),
                Entry(f"about {one.n:,}"),
                Entry(f"about {one.replayed:,}" if one.replayed else "none"),
            ]
            for one in replays
        ],
        "Described and not judged: whole numbers meet by chance. Counts to the nearest 5, a few as "
        "5. A value counts as replayed if a synthetic one is the same to the last decimal.",
        is_printed=False,
    )


def _described(privacy: Privacy) -> list[list[Entry]]:
    rows = []
    if privacy.groups is not None:
        known = listed((shown(name, 30) for name in privacy.groups.columns), _NAMED)
        rows += [
            [
                Entry(f"Synthetic rows that are alone with their {known}"),
                Entry(percent(privacy.groups.alone)),
            ],
            [
                Entry(f"Synthetic rows in groups too small to be shown, by {known}"),
                Entry(percent(privacy.groups.in_small)),
            ],
            [
                Entry("Smallest such group (k of k-anonymity)"),
                Entry(counted(privacy.groups.smallest, "row", "rows")),
            ],
        ]
    if privacy.closest is not None:
        rows += [
            [
                Entry(f"Median distance to the closest synthetic row, {whose}"),
                Entry(number_text(value)),
            ]
            for whose, value in (
                ("of patients learned", privacy.closest.members),
                ("of others", privacy.closest.non_members),
            )
        ]
    return rows


def _drawing(lines: Sequence[_Line]) -> Drawing:
    told = "; ".join(
        f"{line.name} {points_text(line.excess, line.low, line.high)}: {line.finding}"
        for line in lines
    )
    return Drawing(
        "privacy-excess",
        "How much more each attack gets of the patients that were learned",
        _figure(lines),
        f"Dot plot of {counted(len(lines), 'attack', 'attacks')} with 95 % intervals, in "
        f"percentage points: {told}.",
        "At 0 the synthetic table gives away nothing of those learned that it does not of others.",
    )


def _figure(lines: Sequence[_Line]) -> Figure:
    dots = [
        _dots([(place, line) for place, line in enumerate(lines) if line.finding == finding])
        for finding in _TONES
        if any(line.finding == finding for line in lines)
    ]
    return figure(
        dots,
        layout=layout(
            height=110 + 34 * len(lines),
            shapes=[zero_line()],
            xaxis=axis("more often right, in points"),
            yaxis=axis(
                tickvals=list(range(len(lines))),
                ticktext=[label(line.name, 34) for line in lines],
                range=[len(lines) - 0.5, -0.5],
                ticksuffix=" ",
                showgrid=False,
            ),
        ),
    )


def _dots(placed: Sequence[tuple[int, _Line]]) -> Figure:
    lines = [line for _, line in placed]
    tone = _TONES[lines[0].finding]
    return trace(
        "scatter",
        name=lines[0].finding,
        x=[round(100 * line.excess, 2) for line in lines],
        y=[place for place, _ in placed],
        mode="markers",
        marker={"symbol": MARK[tone], "size": 11, "color": f"var(--{tone})"},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [round(100 * max(line.high - line.excess, 0.0), 2) for line in lines],
            "arrayminus": [round(100 * max(line.excess - line.low, 0.0), 2) for line in lines],
            "color": f"var(--{tone})",
            "thickness": 2,
            "width": 5,
        },
        customdata=[
            [label(line.name, 40), points_text(line.excess, line.low, line.high)] for line in lines
        ],
        hovertemplate="%{customdata[0]}<br>%{customdata[1]} points<extra></extra>",
    )


def were_tried(evaluation: Evaluation) -> bool:
    """Say whether any attack was tried."""
    privacy = evaluation.privacy
    return privacy is not None and bool(privacy.memberships or privacy.attacks)


def conclude_privacy(evaluation: Evaluation) -> tuple[PrivacyVerdict, str]:
    """Say in one sentence whether the synthetic rows give any patient away, as far as was tried."""
    lines = [] if evaluation.privacy is None else _lines(evaluation.privacy)
    n_found = len(found_attacks(evaluation))
    if n_found:
        find = "finds" if n_found == 1 else "find"
        tried = counted(len(lines), "quick attack", "quick attacks")
        return "found", f"{n_found} of {tried} {find} patients in it."
    if evaluation.judgement.copying:
        return "found", "Patients were copied into it."
    if not lines:
        return "not tried", (
            "Attacks need patients that the model learned and others that it never saw. Without "
            "them nothing speaks for a release."
        )
    tried = counted(len(lines), "quick attack", "quick attacks")
    n_open = sum(line.finding == "cannot tell" for line in lines)
    if n_open:
        return "cannot tell", (
            f"No attack tried found a patient in it, but for {n_open} of {tried} there are too few "
            "patients to tell."
        )
    return "not found", (
        f"No attack tried found a patient in it: {tried}, by the synthetic rows alone. Stronger "
        "ones may."
    )


def found_attacks(evaluation: Evaluation) -> list[str]:
    """Return the attacks that get more of the patients that were learned, in words."""
    if evaluation.privacy is None:
        return []
    return [
        f"{line.name[:1].lower()}{line.name[1:]} (by {100 * line.excess:.0f} points)"
        for line in _lines(evaluation.privacy)
        if line.finding == "found"
    ]


def _attacks(evaluation: Evaluation) -> str | None:
    if evaluation.privacy is None or not were_tried(evaluation):
        return None
    lines = _lines(evaluation.privacy)
    tried = counted(len(lines), "quick attack", "quick attacks")
    found = found_attacks(evaluation)
    open_ones = [line.name for line in lines if line.finding == "cannot tell"]
    undecided = f" Too few patients to tell of {listed(open_ones, _NAMED)}." if open_ones else ""
    if not found:
        return (
            f"Of {tried} on the patients none was found to get more of those that the model "
            f"learned than of others.{undecided}"
        )
    get = "gets" if len(found) == 1 else "get"
    return (
        f"Of {tried} on the patients {len(found)} {get} more of those that the model learned than "
        f"of others: {listed(found, _NAMED)}.{undecided}"
    )


PRIVACY = Part(lambda evaluation: privacy_section(evaluation.privacy), "privacy", _attacks)
