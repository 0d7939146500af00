"""No column is ruined in silence: a corpus of mutated tables, made again each time.

A column of results with one awkward thing in some of its cells, for each kind of thing, number of
rows, share of the cells and script of the digits: 3,600 tables, of which the suite looks at every
40th and ``pytest -m slow tests/contract/test_mutated_columns.py`` at all.
"""

from __future__ import annotations

import zipfile

import pytest
from mutations import MUTATIONS, SECRET, Mutant, mutants

import synthhealth as sh
from synthhealth.errors import SynthHealthError
from synthhealth.schema import propose

#: From this share of numbers on, a column is of numbers.
MOSTLY = 0.8
#: A column with a larger share of numbers is never taken for words in silence.
SOME = 0.2


def fault(mutant: Mutant) -> str | None:
    """Say how a column was ruined; None if it was not."""
    (finding,) = [one for one in propose(mutant.table).findings if one.column == mutant.column]
    if finding.kind.is_numerical:
        return None
    if mutant.share_of_numbers >= MOSTLY:
        return f"{mutant.name}: {mutant.share_of_numbers:.0%} numbers are {finding.kind.value}"
    if mutant.share_of_numbers > SOME and not finding.doubts:
        return f"{mutant.name}: {finding.kind.value} without a doubt"
    return None


def leak(mutant: Mutant, folder) -> str | None:
    """Say where the remark of a patient came out; None if it did not."""
    try:
        model = sh.Synthesizer(random_state=0, margin="norm").fit(mutant.table)
    except SynthHealthError as error:
        return f"{mutant.name}: in the error" if SECRET in str(error) else None
    fake = model.sample(100)
    if fake["result"].astype(str).str.contains(SECRET).any():
        return f"{mutant.name}: in synthetic rows"
    path = model.save(folder / "model.synth", force=True)
    with zipfile.ZipFile(path) as archive:
        if any(SECRET.encode() in archive.read(name) for name in archive.namelist()):
            return f"{mutant.name}: in the saved model"
    return None


def told(finding) -> str:
    return " ".join(
        [finding.why, *finding.doubts, *(getattr(d, "settle", "") for d in finding.doubts)]
    )


def test_no_column_is_ruined_in_silence():
    found = [fault(mutant) for mutant in mutants(every=41)]
    assert [one for one in found if one] == []
    assert len(found) > 80


@pytest.mark.slow
def test_no_column_of_the_corpus_is_ruined_in_silence():
    found = [fault(mutant) for mutant in mutants()]
    assert [one for one in found if one] == []
    assert len(found) > 2000


def test_no_remark_comes_out(tmp_path):
    remarks = mutants(remarks_only=True, first=3, every=95)
    found = [leak(mutant, tmp_path) for mutant in remarks]
    assert [one for one in found if one] == []


@pytest.mark.slow
def test_no_remark_of_the_corpus_comes_out(tmp_path):
    found = [leak(mutant, tmp_path) for mutant in mutants(remarks_only=True)]
    assert [one for one in found if one] == []


def test_reasons_and_doubts_hold_no_remark():
    for mutant in mutants(remarks_only=True, every=23):
        for finding in propose(mutant.table).findings:
            assert SECRET not in told(finding), mutant.name


def test_every_mutation_is_in_the_part_that_the_suite_looks_at():
    names = [mutant.name for mutant in mutants(every=41)]
    assert all(any(f", {mutation}," in name for name in names) for mutation in MUTATIONS)
