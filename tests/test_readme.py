"""Figures in the README are those that the named commands printed, as kept in docs/results."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
RESULTS = ROOT / "docs" / "results"


def rows(text: str) -> list[list[str]]:
    """Give the cells of all lines of Markdown tables."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


def printed(name: str) -> list[list[str]]:
    return rows((RESULTS / f"{name}.md").read_text("utf-8"))


def under(heading: str) -> list[list[str]]:
    """Give the table under a heading, without its head."""
    return rows(README.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0])[2:]


#: By what the README calls a table, how the command's line begins.
VERDICTS = {
    "other patients (a perfect generator)": "perfect",
    "an exact copy": "copy",
    "a tenth of the rows copied": "a tenth copied",
    "columns shuffled": "shuffled",
    "one column x → 100 x + 7000": "one column x -> 100x + 7000",
    "one column shifted by half a standard deviation": "one column shifted by half a SD",
    "one strong relation lost": "one strong relation lost",
    "men with the blood of women": "sexes made equal",
    "creatinine alone without regard to sex": "creatinine without regard to sex",
}


def test_how_often_the_verdict_is_right() -> None:
    measured = printed("verdicts")[2:]
    told = under("How often is the verdict right?")
    assert len(told) == 18
    kind = ""
    for name, real, judged, *shares in told:
        kind = VERDICTS.get(name, kind)
        (line,) = [
            line for line in measured if line[0].startswith(kind) and line[1:3] == [real, judged]
        ]
        good, poor, copied, _, named = line[3:]
        assert [one.replace(".0 %", " %") for one in (good, poor, copied, named)] == shares, name


def figure(name: str, attack: str, holds: str) -> tuple[list[str], str]:
    (line,) = [line for line in printed(name) if line[3:5] == [attack, holds]]
    return line, line[6].split(" ")[0]


@pytest.mark.parametrize(("level", "place"), [("none", 1), ("standard", 2)])
def test_what_attackers_get(level: str, place: int) -> None:
    told = [line[place] for line in under("What do attackers get?")]
    name, shadow = f"privacy-{level}", "Likelihood ratio with shadow fits"
    found = []
    for holds in ("synthetic rows", "saved model"):
        line, area = figure(name, shadow, holds)
        found += [area, as_percent(line[10].split(" ")[0])]
    for attack in ("exactly", "within 5 %"):
        found.append(
            as_percent(figure(name, f"Differencing: numbers, {attack}", "two saved models")[1])
        )
    for holds in ("saved model", "synthetic rows"):
        found.append(figure(name, "Extreme patient", holds)[1])
    assert told == found


def test_what_the_protection_costs() -> None:
    told = re.search(
        r"costs ([\d.]+) of the KS score and ([\d.]+) of the\s+error of rank correlations", README
    )
    assert told is not None
    (ks, dependence), (ks_none, dependence_none) = (
        [float(line[6]) for line in printed(f"privacy-{level}") if line[3] == "Fidelity"]
        for level in ("standard", "none")
    )
    assert float(told[1]) == pytest.approx(ks_none - ks)
    assert float(told[2]) == pytest.approx(dependence - dependence_none)


def test_high_privacy() -> None:
    told = re.search(
        r"`--privacy high` the rows are at\s+([\d.]+) and the file at ([\d.]+\d)", README
    )
    assert told is not None
    shadow = "Likelihood ratio with shadow fits"
    for area, holds in zip(told.groups(), ("synthetic rows", "saved model"), strict=True):
        assert figure("privacy-high", shadow, holds)[1] == area


def as_percent(share: str) -> str:
    return f"{float(share):.0%}".replace("%", " %")
