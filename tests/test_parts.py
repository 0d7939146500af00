"""A sample as a folder of files: the same bytes whoever draws them, and all or none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import synthhealth as sh
from synthhealth.cli import app
from synthhealth.errors import ConditionError, FileError, ParameterError
from synthhealth.fitted import Fitted
from synthhealth.synthesizer import parts

#: Four files, the last of them a short one.
ROWS, CHUNK = 1_700, 50


@pytest.fixture(scope="module")
def model() -> sh.Synthesizer:
    return sh.Synthesizer("trees", random_state=0).fit(sh.datasets.load_ra_panel())


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


@pytest.mark.usefixtures("as_for_users")  # workers know of no shortcuts of the tests
def test_files_are_the_same_bytes_with_any_number_of_workers(
    model: sh.Synthesizer, tmp_path: Path
) -> None:
    for n_jobs in (None, 2):
        folder = model.sample_to(
            tmp_path / f"by_{n_jobs}", ROWS, chunk_size=CHUNK, n_jobs=n_jobs, random_state=3
        )
        assert sorted(digests(folder)) == [f"part-{part:05d}.parquet" for part in range(4)]
    assert digests(tmp_path / "by_None") == digests(tmp_path / "by_2")


def test_the_files_together_are_the_sample(model: sh.Synthesizer, tmp_path: Path) -> None:
    options = {"chunk_size": CHUNK, "random_state": 3}
    folder = model.sample_to(tmp_path / "parts", ROWS, **options)
    file = model.sample_to(tmp_path / "one.parquet", ROWS, **options)
    assert pq.read_table(folder).equals(pq.read_table(file))
    of_each = [pq.read_metadata(part).num_rows for part in sorted(folder.iterdir())]
    assert of_each == [500, 500, 500, 200]


def test_two_calls_go_on_in_one_stream(model: sh.Synthesizer, tmp_path: Path) -> None:
    first, second = (
        pd.read_parquet(model.sample_to(tmp_path / name, 60, chunk_size=CHUNK)) for name in "ab"
    )
    assert not first.equals(second)


def test_parts_of_a_larger_sample_are_not_mixed_in(model: sh.Synthesizer, tmp_path: Path) -> None:
    folder = model.sample_to(tmp_path / "parts", ROWS, chunk_size=CHUNK)
    before = digests(folder)
    with pytest.raises(FileError, match="holds 2 parts of a larger sample"):
        model.sample_to(folder, 1_000, chunk_size=CHUNK, force=True)
    with pytest.raises(FileError, match=r"part-00000\.parquet"):
        model.sample_to(folder, ROWS, chunk_size=CHUNK)
    assert digests(folder) == before
    model.sample_to(folder, ROWS, chunk_size=CHUNK, force=True)
    assert digests(folder) != before  # the next rows of the stream


def test_after_an_interruption_there_is_no_folder(
    model: sh.Synthesizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = parts._write_part

    def stop_at_the_third(fitted, path, start, *rest):
        if start == 1_000:
            raise KeyboardInterrupt
        return draw(fitted, path, start, *rest)

    monkeypatch.setattr(parts, "_write_part", stop_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        model.sample_to(tmp_path / "parts", ROWS, chunk_size=CHUNK)
    assert list(tmp_path.iterdir()) == []


def test_what_a_worker_cannot_do_is_told_in_its_words(
    model: sh.Synthesizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_row(*arguments, **options):
        raise ConditionError("rules: 0 of 500 rows that keep them were found")

    monkeypatch.setattr(Fitted, "draw", no_row)
    with pytest.raises(ConditionError, match="0 of 500 rows"):
        model.sample_to(tmp_path / "parts", ROWS, chunk_size=CHUNK)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_folder_is_refused(model: sh.Synthesizer, tmp_path: Path) -> None:
    (tmp_path / "parts").write_text("")
    with pytest.raises(FileError, match="this is a file; give the name of a folder"):
        model.sample_to(tmp_path / "parts", 10)
    with pytest.raises(ParameterError, match=r"n_jobs: .*large\.csv is one file"):
        model.sample_to(tmp_path / "large.csv", 10, n_jobs=2)
    assert not (tmp_path / "large.csv").exists()


def test_a_guard_stays_in_its_process(model: sh.Synthesizer, tmp_path: Path) -> None:
    guarded = sh.Synthesizer("trees", random_state=0, guard=True)
    guarded.fit(sh.datasets.load_ra_panel())
    with pytest.raises(ParameterError, match="guard: it knows the patients"):
        guarded.sample_to(tmp_path / "parts", 10)


def test_the_command_line_writes_a_folder(model: sh.Synthesizer, tmp_path: Path) -> None:
    saved = tmp_path / "ra.synth"
    model.save(saved)
    run = CliRunner()
    out = tmp_path / "large"
    result = run.invoke(app, ["sample", str(saved), "--rows", "120", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert len(pd.read_parquet(out)) == 120
    file = str(tmp_path / "one.csv")
    result = run.invoke(app, ["sample", str(saved), "--rows", "9", "--out", file, "--n-jobs", "2"])
    assert result.exit_code == 1
    assert "becomes a folder" in " ".join(result.output.split())
