"""Tables with something of one patient in every kind of column and position, and a search for it.

Texts are words that nothing else holds; numbers have so many digits that nothing else has them.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

N = 140

#: Where a text of one patient may stand: what the one cell becomes, given what it was.
TEXTS: dict[str, Callable[[str, object], object]] = {
    "behind a number": lambda word, cell: f"{cell} {word}",
    "behind a number, as a unit": lambda word, cell: f"{cell} {word}/L",
    "before a number": lambda word, cell: f"{word} {cell}",
    "instead of a number": lambda word, cell: word,
    "a word for missing": lambda word, cell: f"not done ({word})",
    "beside a limit": lambda word, cell: f"<{word} 5",
    "behind a date": lambda word, cell: f"{cell} {word}",
    "a level": lambda word, cell: word,
    "behind a level": lambda word, cell: f"{cell} {word}",
    "beside one level": lambda word, cell: word,
    "beside yes and no": lambda word, cell: word,
    "beside stages": lambda word, cell: f"{cell} {word}",
    "in a constant": lambda word, cell: word,
    "in an empty column": lambda word, cell: word,
    "beside pressures": lambda word, cell: f"{cell} {word}",
    "beside times": lambda word, cell: f"{cell} {word}",
    "beside codes": lambda word, cell: word,
    "in a remark": lambda word, cell: f"seen by {word} on the ward",
}


def word_of(place: int) -> str:
    """Give a word that stands nowhere else."""
    return f"Zqx{chr(97 + place)}kanariv{chr(110 - place % 13)}"


def texts_table(seed: int = 0) -> tuple[pd.DataFrame, list[str]]:
    """Make a table of text cells, one for each position, and the words that were planted."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], N)
    age = rng.integers(20, 80, N)
    hb = np.round(12 + (sex == "M") * 1.4 + rng.normal(0, 1, N), 1)
    days = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 700, N), unit="D")
    numbers = [f"{value:.1f}" for value in hb]
    clean: dict[str, list[str]] = {
        "behind a number": numbers,
        "behind a number, as a unit": [f"{value:.1f}" for value in hb + 1],
        "before a number": [f"{value:.1f}" for value in hb + 2],
        "instead of a number": [f"{value:.1f}" for value in 2 * hb],
        "a word for missing": [f"{value:.1f}" for value in 3 * hb],
        "beside a limit": [f"{value:.1f}" if value > 11.5 else "<11.5" for value in hb],
        "behind a date": [f"{day:%d.%m.%Y}" for day in days],
        "a level": rng.choice(["Giza", "Cairo", "Aswan"], N).tolist(),
        "behind a level": rng.choice(["left", "right"], N).tolist(),
        "beside one level": ["ok" if one else "" for one in rng.random(N) < 0.5],
        "beside yes and no": rng.choice(["yes", "no"], N).tolist(),
        "beside stages": rng.choice(["I", "II", "III"], N).tolist(),
        "in a constant": ["site 1"] * N,
        "in an empty column": [""] * N,
        "beside pressures": [
            f"{high}/{high - low}"
            for high, low in zip(rng.integers(100, 170, N), rng.integers(30, 60, N), strict=True)
        ],
        "beside times": [
            f"{hour:02d}:{minute:02d}"
            for hour, minute in zip(rng.integers(0, 24, N), rng.integers(0, 60, N), strict=True)
        ],
        "beside codes": rng.choice(["M05.79", "J18.9", "I25.10", "E11.9"], N).tolist(),
        "in a remark": [""] * N,
    }
    table = pd.DataFrame({"age": [str(one) for one in age], "sex": sex} | clean)
    words = []
    for place, (name, plant) in enumerate(TEXTS.items()):
        word = word_of(place)
        row = int(rng.integers(0, N))
        table.loc[row, name] = plant(word, table.loc[row, name])
        words.append(word)
    return table, words


def numbers_table(seed: int = 0) -> tuple[pd.DataFrame, list[float]]:
    """Make a table of numbers of many digits; each of them is one patient's alone."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["F", "M"], N)
    skewed = np.exp(rng.normal(2, 0.8, N))
    skewed[0] = 9 * skewed.max()  # the extreme of one patient
    table = pd.DataFrame(
        {
            "sex": sex,
            "age": rng.uniform(20, 80, N),
            "creatinine": 0.7 + 0.2 * (sex == "M") + rng.normal(0, 0.1, N),
            "marker": skewed,
            "heap": np.where(rng.random(N) < 0.4, 0.0, rng.gamma(2, 3, N)),
            "gaps": np.where(rng.random(N) < 0.2, np.nan, rng.normal(100, 15, N)),
            "big": np.round(rng.normal(1.5e9, 2e8, N)),
        }
    )
    secret = table.drop(columns="sex").to_numpy().ravel()
    return table, [float(one) for one in secret if one == one and one != 0]


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Give what is in a file, and in the archives in it, by name."""
    content = path.read_bytes()
    yield path.name, content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield f"{path.name}/{name}", archive.read(name)
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
        written = f"{table.to_csv()}{list(table.dtypes)}{table.attrs}"
        categories = [
            str(list(column.cat.categories))
            for _, column in table.items()
            if isinstance(column.dtype, pd.CategoricalDtype)
        ]
        yield f"{path.name} as text", f"{written}{categories}".encode()


def words_found(words: list[str], folder: Path, said: str = "") -> list[str]:
    """Name the planted words that stand in a folder's files or in what was said, and where."""
    parts = [(name, content) for path in files(folder) for name, content in contents(path)]
    parts.append(("what was said", said.encode()))
    return [
        f"{word} in {name}"
        for word in words
        for name, content in parts
        if word.lower().encode() in content.lower()
        or word.lower().encode("utf-16-le") in content.lower()
    ]


_NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d{4,}(?:e[+-]?\d+)?|(?<![\w.])-?\d{9,}(?![\w])")


def numbers_found(numbers: list[float], folder: Path, said: str = "") -> list[str]:
    """Say where numbers of one patient stand: as text of seven digits or more, or in an array."""
    secret = np.array(sorted(numbers))
    found = []
    for path in files(folder):
        for name, content in contents(path):
            if name.endswith((".png", ".woff2")):
                continue
            count = _shared(secret, *_in_text(content.decode("utf-8", "replace")))
            if name.endswith(".safetensors"):
                count += _shared(secret, *_packed(_in_arrays(content)))
            if name.endswith((".html", ".json")):
                count += _shared(secret, *_packed(_in_figures(content.decode("utf-8"))))
            if count:
                found.append(f"{count} in {name}")
    count = _shared(secret, *_in_text(said))
    return [*found, f"{count} in what was said"] if count else found


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _in_text(text: str) -> tuple[np.ndarray, np.ndarray]:
    """Give the numbers of seven digits or more, and how far each may be from what it rounds."""
    numbers, within = [], []
    for one in _NUMBER.findall(text):
        digits, _, power = one.partition("e")
        if len(digits.strip("-").replace(".", "").lstrip("0")) >= 7:
            decimals = len(digits.partition(".")[2]) - int(power or 0)
            numbers.append(float(one))
            within.append(max(0.51 * 10.0**-decimals, 1e-14 * abs(float(one))))
    return np.array(numbers, dtype=float), np.array(within, dtype=float)


def _packed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give numbers that may have been kept in single precision, and how far each may be off."""
    values = values[np.isfinite(values)]
    return values, 1e-7 * np.abs(values)


def _in_arrays(content: bytes) -> np.ndarray:
    from safetensors.numpy import load

    flat = [np.asarray(one, dtype=float).ravel() for one in load(content).values()]
    return np.concatenate(flat) if flat else np.empty(0)


_FIGURE = re.compile(r'"dtype":\s*"(f[48]|i[1248]|u[1248])",\s*"bdata":\s*"([^"]+)"')


def _in_figures(text: str) -> np.ndarray:
    """Give the numbers that plotly packs into figures."""
    packed = [
        np.frombuffer(base64.b64decode(data.replace("\\u002f", "/")), dtype=f"<{dtype}")
        for dtype, data in _FIGURE.findall(text)
    ]
    return np.concatenate([one.astype(float) for one in packed]) if packed else np.empty(0)


def _shared(secret: np.ndarray, values: np.ndarray, within: np.ndarray) -> int:
    """Count the values that are a secret number, as far as they were written."""
    if not values.size:
        return 0
    places = np.clip(np.searchsorted(secret, values), 1, secret.size - 1)
    nearest = np.minimum(np.abs(values - secret[places]), np.abs(values - secret[places - 1]))
    return int((nearest <= within).sum())
