"""Files that somebody made to harm whoever loads them, or that are damaged."""

from __future__ import annotations

import json
import os
import pickle
import stat
import struct
import tempfile
import zlib

import numpy as np
import pytest
from safetensors.numpy import load
from synth_files import FAMILIES, ORDER, Entry, fitted, forge, pack, saved, with_digests, write

import synthhealth as sh
from synthhealth.artifact import inspect
from synthhealth.errors import ArtifactError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "stranger.synth"


def entries(**lies):
    """Give the members of a good file; of the member that a key begins, some fields lie."""
    members = saved("gaussian_copula")
    return [
        Entry(name, content, **lies.get(name.partition(".")[0], {}))
        for name, content in members.items()
    ]


#: What an attack that works leaves behind.
ATTACKED = f"{tempfile.gettempdir()}/attacked"


class Attack:
    def __reduce__(self):
        return os.system, (f"touch {ATTACKED}",)


BOMB = zlib.compressobj(9, zlib.DEFLATED, -15)
BOMB = b"".join([*(BOMB.compress(bytes(2**24)) for _ in range(64)), BOMB.flush()])


def test_the_good_one_loads(watched, path):
    path.write_bytes(pack(entries()))
    assert watched.load(path)["outcome"] == "sampled"


@pytest.mark.parametrize(
    ("lies", "words"),
    [
        ({"model": {"packed": BOMB}}, "not of the size"),
        ({"model": {"packed": BOMB, "size": 2**30}}, "more than the 16,777,216"),
        ({"model": {"packed": BOMB, "size": 2**24}}, "not of the size"),
        ({"arrays": {"packed": BOMB, "method": 8, "size": 2**30}}, "packed in a way"),
        ({"arrays": {"size": 2**31 + 1}}, "more than the 2,147,483,648"),
        ({"arrays": {"size": 2**31}}, "damaged"),
        ({"model": {"size": 10}}, "not of the size"),
        ({"model": {"local_size": 10}}, "does not fit the directory"),
        ({"model": {"packed_size": 10}}, "damaged"),
        ({"model": {"crc": 0}}, "checksum"),
        ({"arrays": {"crc": 0}}, "checksum"),
        ({"model": {"local_crc": 0}}, "does not fit the directory"),
        ({"model": {"local_name": b"other.json"}}, "does not fit the directory"),
        ({"model": {"flags": 1}}, "encrypted"),
        ({"model": {"local_flags": 1}}, "does not fit the directory"),
        ({"model": {"flags": 8}}, "damaged"),
        ({"model": {"method": 14}}, "packed in a way"),
        ({"model": {"method": 99}}, "packed in a way"),
        ({"model": {"method": 0, "local_method": 8}}, "damaged"),
        ({"model": {"attributes": (stat.S_IFLNK | 0o777) << 16}}, "a link or a folder"),
        ({"model": {"attributes": (stat.S_IFDIR | 0o777) << 16}}, "a link or a folder"),
        ({"model": {"attributes": (stat.S_IFIFO | 0o777) << 16}}, "a link or a folder"),
        ({"model": {"extra": b"\x01\0\x08\0" + bytes(8)}}, "damaged"),
        ({"model": {"start": 0}}, "does not begin where"),
        ({"model": {"start": 2**32 - 1}}, "does not begin where"),
        ({"model": {"packed": b"\x07nonsense"}}, "cannot be unpacked"),
        ({"model": {"packed": zlib.compress(b"{}")}}, "cannot be unpacked|not of the size"),
    ],
)
def test_members_that_lie(watched, path, lies, words):
    path.write_bytes(pack(entries(**lies)))
    assert any(word in watched.refusal(path) for word in words.split("|"))


@pytest.mark.parametrize(
    "name",
    [
        f"../../..{ATTACKED}",
        ATTACKED,
        "..\\attacked",
        "C:\\attacked",
        "model.json/",
        "Model.json",
        "model.json\0.txt",
        "m\u00f6del.json",
        "sdv.pkl",
        "model/sdv.bin",
        "__init__.py",
    ],
)
def test_members_of_other_names(watched, path, name):
    path.write_bytes(pack([*entries()[:-1], Entry(name, pickle.dumps(Attack()))]))
    words = watched.refusal(path)
    assert "not a saved synthesizer: it holds" in words
    assert "fit and save again" in words
    assert not os.path.exists(ATTACKED)


def test_a_pickle_in_each_place(watched, path):
    for name in ORDER[:4]:
        attacked = saved("gaussian_copula") | {name: pickle.dumps(Attack())}
        watched.refusal(write(path, attacked))
        if name != "manifest.json":
            watched.refusal(write(path, with_digests(attacked)))
    assert not os.path.exists(ATTACKED)


def test_a_whole_pickle(watched, path):
    path.write_bytes(pickle.dumps(Attack()))
    assert "not a saved synthesizer" in watched.refusal(path)
    assert not os.path.exists(ATTACKED)


@pytest.mark.parametrize("place", range(4))
def test_a_member_twice(watched, path, place):
    good = entries()
    path.write_bytes(pack([*good, good[place]]))
    assert "twice" in watched.refusal(path)


@pytest.mark.parametrize("place", range(4))
def test_a_member_missing(watched, path, place):
    good = entries()
    missing = good.pop(place)
    path.write_bytes(pack(good))
    assert f"{missing.name.decode()} is not in it" in watched.refusal(path)


def test_more_and_fewer_members_than_said(watched, path):
    path.write_bytes(pack(entries(), n=3))
    assert "directory" in watched.refusal(path)
    path.write_bytes(pack(entries(), n=5))
    assert "directory" in watched.refusal(path)
    path.write_bytes(pack(entries(), n=65_535))
    assert "65535 members" in watched.refusal(path)
    path.write_bytes(pack([]))
    assert "arrays.safetensors are not in it" in watched.refusal(path)


def test_another_order(watched, path):
    path.write_bytes(pack(entries()[::-1]))
    assert "order" in watched.refusal(path)


def test_data_around_the_zip(watched, path):
    good = pack(entries())
    for content in (
        pack(entries(), before=b"#!/bin/sh\n"),
        b"#!/bin/sh\n" + good,
        good + b"\n",
        good + good,
        pack(entries(), comment=b"hello"),
        pack(entries(), comment=good),
    ):
        path.write_bytes(content)
        assert "saved synthesizer" in watched.refusal(path) or "damaged" in watched.refusal(path)


def test_no_zip_at_all(watched, path):
    for content in (b"", b"PK", b"PK\3\4" * 100, bytes(10_000), b"PK\5\6" + bytes(18)):
        path.write_bytes(content)
        assert "not a" in watched.refusal(path) or "not in it" in watched.refusal(path)


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b"null",
        b"1",
        b'"x"',
        b"{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 40 + b"]" * 40,
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 100_000 + b"}",
        b'{"a": 1, "a": 2}',
        b"\xff\xfe{}",
        b'{"a": "\\ud800"}',
        b'{"settings": ' + b"[]," * 5_000_000,
        b"[" + b"1.5," * 4_000_000 + b"1]",
        b'["' + b"x" * 16_000_000 + b'"]',
    ],
    ids=lambda text: str(text[:12]),
)
@pytest.mark.parametrize("member", ["manifest", "preparation", "model"])
def test_strange_json(watched, path, member, text):
    members = saved("gaussian_copula") | {f"{member}.json": text}
    watched.refusal(write(path, members if member == "manifest" else with_digests(members)))


def arrays(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def one(**changes):
    return {"correlation": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]} | changes}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 7,
        struct.pack("<Q", 2**63),
        struct.pack("<Q", 100) + b"{}",
        arrays(b"[" * 100_000),
        arrays(b"{" + b" " * 5_000_000 + b"}"),
        arrays([1]),
        arrays({"a": 1}),
        arrays({"__metadata__": {"a": "b"}}),
        arrays(one(extra=1), bytes(16)),
        arrays(one(shape=[2**62]), bytes(16)),
        arrays(one(shape=[2**32, 2**32]), bytes(16)),
        arrays(one(shape=[2**39, 2**39, 2**39, 0], data_offsets=[0, 0])),
        arrays(one(shape=[-2]), bytes(16)),
        arrays(one(shape=[2.0]), bytes(16)),
        arrays(one(shape=[True, 2]), bytes(16)),
        arrays(one(shape=[1] * 1_000 + [2]), bytes(16)),
        arrays(one(shape="2"), bytes(16)),
        arrays(one(shape=None), bytes(16)),
        arrays(one(data_offsets=[0, 2**60]), bytes(16)),
        arrays(one(data_offsets=[16, 0]), bytes(16)),
        arrays(one(data_offsets=[8, 24]), bytes(24)),
        arrays(one(data_offsets=[-16, 0]), bytes(16)),
        arrays(one(data_offsets=[0]), bytes(16)),
        arrays(one(), bytes(8)),
        arrays(one(), bytes(24)),
        arrays(one() | {"b": one()["correlation"]}, bytes(16)),
        arrays(one(dtype="F16", shape=[8]), bytes(16)),
        arrays(one(dtype="BOOL", shape=[16]), bytes(16)),
        arrays(one(dtype="object"), bytes(16)),
        arrays(one(dtype=["F64"]), bytes(16)),
        arrays(
            {f"a{n}": {"dtype": "F64", "shape": [0], "data_offsets": [0, 0]} for n in range(10_001)}
        ),
        arrays(one(), struct.pack("<2d", float("nan"), 1.0)),
        arrays(one(), struct.pack("<2d", float("inf"), 1.0)),
    ],
    ids=lambda content: str(content[8:60]),
)
def test_strange_arrays(watched, path, content):
    assert "arrays" in watched.refusal(forge(path, arrays=content))


def setting(name, value):
    """Change a parameter wherever the file states it."""

    def manifest(content):
        content["parameters"][name] = content["settings"][name] = value

    def model(content):
        content["settings"][name] = value

    return {"manifest": manifest, "model": model}


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("ctgan", setting("embedding_dim", 10**12)),
        ("ctgan", setting("embedding_dim", 4096)),
        ("ctgan", setting("embedding_dim", -1)),
        ("ctgan", setting("embedding_dim", "128")),
        ("ctgan", setting("embedding_dim", True)),
        ("ctgan", setting("generator_dim", [8192] * 64)),
        ("ctgan", setting("generator_dim", [1] * 100_000)),
        ("ctgan", setting("generator_dim", [10**18])),
        ("ctgan", setting("generator_dim", [])),
        ("tvae", setting("decompress_dims", [8192] * 64)),
        ("tvae", setting("embedding_dim", 4096)),
        ("copula_gan", setting("generator_dim", [8192, 8192])),
        ("ctgan", setting("threads", 10**6)),
        ("ctgan", setting("no_such_setting", 1)),
        ("gaussian_copula", setting("random_state", 1)),
        ("gaussian_copula", setting("schema", "x")),
        ("gaussian_copula", setting("self", 1)),
        ("gaussian_copula", setting("margin", "__import__")),
    ],
)
def test_settings_out_of_bounds(watched, path, family, changes):
    watched.refusal(forge(path, family, **changes))


@pytest.mark.parametrize(
    "name", ["os.system", "../x", "synthhealth.models.ctgan", "", "x" * 9_000, "ctgan\n", "tvae"]
)
def test_families_of_other_names(watched, path, name):
    words = watched.refusal(forge(path, manifest=lambda content: content.update(model=name)))
    assert len(words) < 1_000
    assert "not installed" in words or name == "tvae"


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (99, "newer than this library's 2; upgrade synthhealth to at least"),
        (3, "upgrade"),
        (1, "fit and save again"),
        (0, "no format version"),
        (-1, "no format version"),
        ("2", "no format version"),
        (2.0, "no format version"),
        (True, "no format version"),
        (None, "no format version"),
        (10**400, "upgrade"),
    ],
)
def test_other_versions(watched, path, version, words):
    change = {"format_version": version}
    assert words in watched.refusal(forge(path, manifest=lambda content: content.update(change)))


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"members": {}},
        {"members": None},
        {"seed": -1},
        {"seed": "1"},
        {"seed": 1.5},
        {"n_rows": 0},
        {"n_rows": "many"},
        {"created": "yesterday"},
        {"parameters": []},
        {"partial": True},
        {"partial": "no"},
        {"extra": 1},
        {"versions": {"synthhealth": 1}},
    ],
    ids=str,
)
def test_strange_manifests(watched, path, change):
    def update(content):
        content.update(change)

    members = dict(saved("gaussian_copula"))
    manifest = json.loads(members["manifest.json"])
    update(manifest)
    members["manifest.json"] = json.dumps(manifest).encode()
    watched.refusal(write(path, members))


def column(name):
    """Give a function from a preparation to the form of one of its columns."""
    return lambda content: next(c for c in content["form"]["columns"] if c["name"] == name)


def in_form(column_name, /, **changes):
    return lambda content: column(column_name)(content).update(changes)


def in_tree(**changes):
    return lambda content: content["patterns"]["groups"].update(changes)


def in_patterns(**changes):
    return lambda content: content["patterns"].update(changes)


def in_schema(name, /, **changes):
    def change(content):
        for schema in ("described", "learned"):
            column = next(c for c in content[schema]["columns"] if c["name"] == name)
            column.update(changes)

    return change


STUMP = {"predictors": ["age"], "feature": [0, -1, -1], "threshold": [50.0, 0.0, 0.0]}


@pytest.mark.parametrize(
    "change",
    [
        # trees that lead round and round, or out
        in_tree(**STUMP, left=[0, 0, 1], right=[0, 0, 0]),
        in_tree(**STUMP, left=[1, 0, 1], right=[0, 0, 0]),
        in_tree(**STUMP, left=[1, 0, 1], right=[99, 0, 0]),
        in_tree(**STUMP, left=[-1, 0, 1], right=[2, 0, 0]),
        in_tree(**STUMP, left=[1, 5, 1], right=[2, 0, 0]),
        in_tree(**STUMP, left=[1, -1, 1], right=[2, 0, 0]),
        in_tree(**STUMP | {"feature": [3, -1, -1]}, left=[1, 0, 1], right=[2, 0, 0]),
        in_tree(**STUMP | {"predictors": ["no such"]}, left=[1, 0, 1], right=[2, 0, 0]),
        in_tree(**STUMP | {"threshold": [50.0]}, left=[1, 0, 1], right=[2, 0, 0]),
        in_tree(**STUMP | {"threshold": [1e999, 0, 0]}, left=[1, 0, 1], right=[2, 0, 0]),
        in_tree(feature=[], threshold=[], left=[], right=[]),
        in_tree(feature=[-1] * 20_001, threshold=[0.0] * 20_001, left=[0] * 20_001),
        # patterns of missing values
        in_patterns(patterns=[[0, 0]]),
        in_patterns(patterns=[[99]]),
        in_patterns(patterns=[[-1]]),
        in_patterns(patterns=[]),
        in_patterns(patterns=[[0]] * 300_000),
        in_patterns(columns=["no such"]),
        in_patterns(columns=["crp", "crp"]),
        in_patterns(columns=[]),
        in_patterns(shares=[]),
        in_patterns(shares=[[[7, 1.0]]]),
        in_patterns(shares=[[[-1, 1.0]]]),
        in_patterns(shares=[[[0, -1.0]]]),
        in_patterns(sizes=[0.0]),
        in_patterns(sizes=[-1.0]),
        in_patterns(sizes=[]),
        # columns
        in_form("crp", name="other"),
        in_form("crp", kind="nominal"),
        in_form("crp", kind="os.system"),
        in_form("crp", low=10.0, high=1.0),
        in_form("crp", low=1.0, high=1.0),
        in_form("crp", low=-1.7e308, high=1.7e308),
        in_form("crp", decimals=10**9),
        in_form("crp", decimals=-400),
        in_form("crp", dtype="U1000000000"),
        in_form("crp", dtype="V2000000000"),
        in_form("crp", dtype="f8, (100000,100000)f8"),
        in_form("crp", dtype="datetime64[ns]"),
        in_form("crp", dtype="int8", low=0.0, high=1e300),
        in_form("crp", dtype="period[D]"),
        in_form("sex", levels=[]),
        in_form("sex", levels=["F"]),
        in_form("sex", levels=["F", "F"]),
        in_form("sex", levels=[10**30, "x"], dtype="int8"),
        in_form("sex", categories=["F"], categories_dtype="object"),
        in_form("sex", categories=["F", "M", "M"], categories_dtype="object"),
        in_form("sex", dtype="no such"),
        lambda content: content["form"]["columns"].append(content["form"]["columns"][0]),
        lambda content: content["form"]["columns"].pop(),
        lambda content: content["form"]["index"].update(kind="number", dtype="U9"),
        lambda content: content["form"]["index"].update(kind="number", dtype="datetime64[ns]"),
        lambda content: content["form"]["index"].update(
            kind="datetime", dtype="datetime64[ns, dateutil//etc/passwd]"
        ),
        lambda content: content["form"]["index"].update(kind="os.system"),
        lambda content: content["dtypes"].update(crp="no such"),
        lambda content: content["dtypes"].pop("crp"),
        lambda content: content["dtypes"].update(other="object"),
        lambda content: content.update(empty_is_none=["other"]),
        # limits
        lambda content: content["censoring"].update(crp={"below": [[1.0, 2.0]], "above": []}),
        lambda content: content["censoring"].update(sex={"below": [[1.0, 0.5]], "above": []}),
        lambda content: content["censoring"].update(other={"below": [], "above": []}),
        lambda content: content["alignments"].update(crp={"drawn": [1.0], "wanted": []}),
        lambda content: content["alignments"].update(crp={"drawn": [2, 1], "wanted": [1, 2]}),
        lambda content: content["alignments"].update(crp={"drawn": [1, 2], "wanted": [2, 1]}),
        lambda content: content["alignments"].update(sex={"drawn": [1, 2], "wanted": [1, 2]}),
        # the schema
        in_schema("crp", kind="nominal"),
        in_schema("crp", kind="text"),
        in_schema("crp", protection="drop"),
        in_schema("crp", protection="fake"),
        in_schema("crp", protection="fake", pattern="9" * 300),
        in_schema("crp", missing=list(range(200))),
        in_schema("crp", unit="no such unit"),
        in_schema("crp", unit="mg." * 3_000 + "mg"),
        lambda content: content["described"].update(rules=["crp > ("]),
        lambda content: content["learned"].update(rules=["crp > other"]),
        lambda content: content["learned"].update(rules=["(" * 9_000 + "crp" + ")" * 9_000]),
        lambda content: content["learned"].update(rules=["crp = age", "age = das28"]),
        lambda content: content["learned"].update(rules=["crp > age"] * 1_001),
        lambda content: content["learned"]["columns"].extend(content["learned"]["columns"] * 300),
        lambda content: content["learned"]["columns"].reverse(),
        lambda content: content["learned"]["columns"].pop(),
        lambda content: content["described"].update(format_version=2),
        lambda content: content.update(extra=1),
        lambda content: content.pop("patterns"),
    ],
)
def test_strange_preparations(watched, path, change):
    def checked(content):
        before = json.dumps(content)
        change(content)
        assert json.dumps(content) != before

    watched.refusal(forge(path, preparation=checked))


def test_time_zones_are_no_files(watched, path):
    """Pandas would open whatever file stands after ``dateutil/``."""
    for zone in ("dateutil//etc/passwd", "/etc/passwd", "../../../etc/passwd", "tzlocal()", "x"):
        change = in_form("crp", kind="datetime", timezone=zone, step=1.0, dtype="datetime64[ns]")
        watched.refusal(forge(path, preparation=change))


def test_nan_weights(watched, path):
    def with_nan(arrays):
        next(iter(arrays.values())).flat[0] = np.nan

    for family in ("gaussian_copula", "ctgan"):
        assert "not numbers" in watched.refusal(forge(path, family, arrays=with_nan))


@pytest.mark.parametrize("family", FAMILIES)
def test_arrays_of_other_shapes(watched, path, family):
    """Each array, but of the many layers of a network the first; of an empty one nothing is cut."""
    arrays = load(saved(family)["arrays.safetensors"])
    names = sorted(name for name, array in arrays.items() if array.size)
    if family not in (
        "bayesian_network",
        "boltzmann",
        "diffusion",
        "gaussian_copula",
        "trees",
        "hybrid",
    ):
        names = names[:1]
    for name in names:
        for change in (
            lambda array: array.T[:-1],
            lambda array: array[None],
            lambda array: np.zeros((0, 0)),
            lambda array: np.zeros((1000, 1000), dtype=array.dtype),
        ):
            changed = {**arrays, name: change(arrays[name])}
            watched.refusal(forge(path, family, arrays=lambda _, changed=changed: changed))
        missing = {other: array for other, array in arrays.items() if other != name}
        watched.refusal(forge(path, family, arrays=lambda _, missing=missing: missing))
    watched.refusal(forge(path, family, arrays=lambda arrays: arrays | {"more": np.ones(1)}))


def test_the_state_of_another_family(watched, path):
    for family in FAMILIES:
        if family == "gaussian_copula":
            continue
        other = saved(family)
        strange = {"model": other["model.json"], "arrays": other["arrays.safetensors"]}
        watched.refusal(forge(path, "gaussian_copula", **strange))


def test_the_preparation_of_another_table(watched, path, tmp_path):
    real = sh.datasets.load_ra_panel().drop(columns=["age"])
    other = sh.Synthesizer(random_state=0).fit(real).save(tmp_path / "other.synth")
    from synth_files import members_of

    preparation = members_of(other)["preparation.json"]
    watched.refusal(forge(path, preparation=preparation))


def test_third_party_states_that_are_not_plain(tmp_path, monkeypatch):
    model = fitted("gaussian_copula")
    good = model.fitted_.model.state()
    for key, value in {
        "bytes": b"x",
        "object": object(),
        "set": {1, 2},
        "nested": {"a": [np.float32(1.0)]},
        "keys": {1: 2},
        "inside": [np.ones(2)],
    }.items():
        state = good | {key: value}
        monkeypatch.setattr(model.fitted_.model, "state", lambda state=state: state)
        with pytest.raises(ArtifactError, match=f"family 'gaussian_copula'.*'{key}'"):
            model.save(tmp_path / "model.synth")
    monkeypatch.setattr(model.fitted_.model, "state", lambda: good | {"nan": float("nan")})
    with pytest.raises(ArtifactError, match="infinite"):
        model.save(tmp_path / "model.synth")
    assert not list(tmp_path.iterdir())


def test_columns_of_a_network_without_end(watched, path):
    """A batch of rows would take gigabytes: 500 times as many outputs as the file names."""

    def many_modes(content):
        column = next(one for one in content["table"] if one["centres"])
        column["centres"], column["widths"] = [0.0] * 300_000, [1.0] * 300_000

    def many_levels(content):
        column = next(one for one in content["table"] if one["levels"])
        column["levels"] = list(range(300_000))

    for change in (many_modes, many_levels):
        for family in ("tvae", "ctgan"):
            watched.refusal(forge(path, family, model=change))


@pytest.mark.parametrize("value", [1e300, 5.0, -5.0])
def test_correlations_that_are_none(watched, path, value):
    def changed(arrays):
        arrays["correlation"][0, 1] = arrays["correlation"][1, 0] = value

    watched.refusal(forge(path, arrays=changed))


def test_settings_that_no_model_has(watched, path):
    def more(content):
        content["settings"] |= {f"s{number}": 1 for number in range(1_000)}

    assert "settings" in watched.refusal(forge(path, manifest=more, model=more))


def test_levels_without_a_range(watched, path):
    def changed(content):
        levels = next(one for one in content["margins"] if one["family"] == "levels")
        levels["shares"] = [0.0, 1.0, *[0.0] * (len(levels["shares"]) - 2)]

    watched.refusal(forge(path, model=changed))


@pytest.mark.parametrize(
    "change",
    [
        {"sizes": lambda sizes: [1e308] * len(sizes)},
        {"shares": lambda groups: [[[place, 0.0] for place, _ in one] for one in groups]},
        {"shares": lambda groups: [[[place, 5e-324] for place, _ in one] for one in groups]},
        {"shares": lambda groups: [one[:1] for one in groups]},
    ],
)
def test_patterns_that_nobody_has(watched, path, change):
    def changed(content):
        patterns = content["patterns"]
        for name, new in change.items():
            patterns[name] = new(patterns[name])

    watched.refusal(forge(path, "rich", preparation=changed))


def test_points_beyond_all_numbers(watched, path):
    def changed(content):
        name = content["form"]["columns"][0]["name"]
        content["alignments"][name] = {"drawn": [1e308], "wanted": [-1e308]}

    watched.refusal(forge(path, preparation=changed))


def test_a_condition_on_a_level_that_the_model_lacks(path):
    """Its shares are fewer than the levels of the column: said when it is asked for."""

    def changed(content):
        place = content["columns"].index("sex")
        content["margins"][place] |= {"shares": [1.0], "order": [0]}

    model = sh.load(forge(path, model=changed))
    with pytest.raises(sh.errors.ConditionError, match="no such level"):
        model.sample(5, conditions={"sex": "M"})


def test_a_name_does_not_steer_the_terminal(path, capsys):
    import rich

    def changed(content):
        text = json.dumps(content).replace('"crp"', '"[/red]\\u001b[2J"')
        return json.loads(text)

    rich.print(inspect(forge(path, preparation=changed)))
    assert "\x1b[2J" not in capsys.readouterr().out
