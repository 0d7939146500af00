from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from synthhealth.datasets import find_data_root, load_folder
from synthhealth.errors import FileError

TABLE = pd.DataFrame({"crp": [1.5, None, 3.25], "sex": ["F", "M", "F"], "age": [40, 51, 63]})

PUBLIC = {
    "adult": (48_842, 15),
    "census_kdd": (99_762, 42),
    "coimbra": (116, 10),
    "ehr_blood_panel": (4_412, 11),
    "flchain": (7_874, 11),
    "hcc_survival": (165, 50),
    "hcv": (615, 13),
    "heart_failure": (299, 13),
    "hepatitis": (155, 20),
    "ilpd": (583, 11),
    "iraq_diabetes": (1_000, 13),
    "news_partial": (14_828, 61),
    "nhanes_labs": (5_533, 43),
    "pbc": (418, 20),
    "pima_diabetes": (768, 9),
    "support2": (9_105, 47),
    "thiomon": (5_168, 32),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clinic"
    folder.mkdir()
    return folder


class TestLoadFolder:
    @pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
    def test_reads_text(self, folder: Path, suffix: str) -> None:
        TABLE.to_csv(folder / f"clinic{suffix}", index=False)
        pd.testing.assert_frame_equal(load_folder(folder), TABLE)

    def test_reads_parquet(self, folder: Path) -> None:
        TABLE.to_parquet(folder / "clinic.parquet")
        pd.testing.assert_frame_equal(load_folder(folder), TABLE)

    def test_takes_the_gzipped_one_of_several(self, folder: Path) -> None:
        TABLE.head(1).to_csv(folder / "clinic.csv", index=False)
        TABLE.to_csv(folder / "clinic.csv.gz", index=False)
        assert len(load_folder(folder)) == len(TABLE)

    def test_takes_text_and_the_folder_in_which_it_is(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        TABLE.to_csv(folder / "clinic.csv", index=False)
        assert len(load_folder(f"{folder}/")) == len(TABLE)
        monkeypatch.chdir(folder)
        assert len(load_folder(".")) == len(TABLE)

    def test_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(FileError, match="there is no such folder; check the name"):
            load_folder(tmp_path / "nowhere")

    def test_a_file(self, folder: Path) -> None:
        TABLE.to_csv(folder / "clinic.csv", index=False)
        with pytest.raises(FileError, match="this is a file, not a folder; read it with"):
            load_folder(folder / "clinic.csv")

    def test_no_table_of_that_name(self, folder: Path) -> None:
        TABLE.to_csv(folder / "other.csv", index=False)
        with pytest.raises(FileError, match=r"clinic\.csv\.gz, clinic\.csv, clinic\.parquet"):
            load_folder(folder)

    def test_a_damaged_table(self, folder: Path) -> None:
        (folder / "clinic.csv.gz").write_bytes(b"not gzip")
        with pytest.raises(FileError, match="clinic"):
            load_folder(folder)


class TestFindDataRoot:
    @pytest.fixture(autouse=True)
    def unset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SYNTHHEALTH_DATA", raising=False)

    def test_the_variable_decides(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "shared" / "data").mkdir(parents=True)
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.setenv("SYNTHHEALTH_DATA", str(tmp_path / "elsewhere"))
        assert find_data_root(tmp_path) == tmp_path / "elsewhere"

    def test_a_wrong_variable_is_an_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SYNTHHEALTH_DATA", str(tmp_path / "nowhere"))
        with pytest.raises(FileError, match=r"SYNTHHEALTH_DATA=.*set the variable to the folder"):
            find_data_root(tmp_path)

    @pytest.mark.parametrize("start", [".", "checkout", "checkout/tests/datasets"])
    def test_looks_in_the_folders_above(self, tmp_path: Path, start: str) -> None:
        (tmp_path / "shared" / "data").mkdir(parents=True)
        (tmp_path / start).mkdir(parents=True, exist_ok=True)
        assert find_data_root(tmp_path / start) == tmp_path / "shared" / "data"

    def test_nothing_found(self, tmp_path: Path) -> None:
        assert find_data_root(tmp_path) is None


@pytest.mark.parametrize("name", PUBLIC)
def test_public_table(data_root: Path, name: str) -> None:
    if not (data_root / name).is_dir():
        pytest.skip(f"the table {name} is not in the folder of public tables")
    table = load_folder(data_root / name)
    assert table.shape == PUBLIC[name]
    plain = pd.read_csv(data_root / name / f"{name}.csv.gz", low_memory=False)
    # Whole numbers with gaps are read as such; pandas makes decimals of them.
    pd.testing.assert_frame_equal(table.astype(plain.dtypes), plain)
