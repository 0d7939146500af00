"""Schemas in files: made to be edited, read exactly, refused with the line and the key."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from synthhealth.datasets import load_ra_panel
from synthhealth.errors import FileError, SchemaError
from synthhealth.schema import Column, Kind, Protection, Role, Schema, json_schema
from synthhealth.schema.files import (
    FILE_NAME,
    MAX_BYTES,
    read_schema,
    schema_text,
    schema_to_yaml,
    write_schema,
)
from synthhealth.schema.yaml import read_yaml

SUFFIXES = (".yaml", ".yml", ".json", ".YAML")


def clinical() -> Schema:
    return Schema(
        columns=(
            Column(
                name="crp",
                kind="continuous",
                unit="mg/L",
                loinc="1988-5",
                decimals=1,
                plausible={"low": 0, "high": 600},
                reference=(
                    {"high": 5, "source": "a textbook: page 3 # not a comment"},
                    {"low": 0.5, "high": 8.25, "sex": "female", "age_from": 18, "age_to": 65},
                ),
                detection={"below": (0.5, 2), "above": (1000,)},
                missing=(-9, "not done", 9.5, "no", "1:40"),
                notation={"decimal": ",", "suffix": " mg/L", "padded": True},
            ),
            Column(name="sex", kind="nominal", levels=("F", "M")),
            Column(name="age", kind="count", role="quasi-identifier"),
            Column(name="smoker", kind="boolean", levels=("no", "yes")),
            Column(name="smoking", kind="boolean", levels=(False, True)),
            Column(name="titre", kind="ordinal", levels=("negative", "1:40", "1:80")),
            Column(name="grade", kind="ordinal", levels=(1, 2, 2.5, "3a")),
            Column(name="icd code", kind="nominal", levels=("010", "+1", "1e5", "1_000", "0x1A")),
            Column(name="seen", kind="datetime", notation={"dates": ("%d.%m.%Y", "%Y-%m-%d")}),
            Column(name="mrn", kind="identifier", identifier="record number", protection="drop"),
        ),
        demographics={"sex": "sex", "female": "F", "male": "M", "age": "age"},
        rules=("`icd code` != '010'", "crp > 0", 'if sex == "M" then age is not missing'),
    )


def same(first: Schema, second: Schema) -> bool:
    """Equal, and 1 is not True."""
    return first == second and first.model_dump_json() == second.model_dump_json()


# --- there and back ------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read(tmp_path, suffix):
    for schema in (clinical(), Schema(columns=()), Schema.detect(load_ra_panel())):
        path = tmp_path / f"schema{suffix}"
        schema.to_file(path, force=True)
        assert same(Schema.from_file(path), schema)


def test_the_yaml_is_made_to_be_edited():
    text = clinical().to_yaml({"crp": ["a number", "doubt: 3 in µg/L?\n" + "word " * 40]})
    assert max(map(len, text.splitlines())) <= 100
    lines = text.splitlines()
    assert lines[0].startswith("# What the columns")
    block = lines[lines.index("  - name: crp") - 4 :]
    assert block[0] == "  # a number"
    assert block[1].startswith("  # doubt: 3 in µg/L? word")
    assert block[5:9] == [
        "    kind: continuous",
        "    unit: mg/L",
        "    loinc: 1988-5",
        "    decimals: 1",
    ]
    assert "    plausible: {low: 0, high: 600}" in block
    assert "    detection: {below: [0.5, 2], above: [1000]}" in block
    assert "    missing: [-9, not done, 9.5, 'no', '1:40']" in block
    assert "    levels: ['no', 'yes']" in block
    assert "    levels: ['010', '+1', '1e5', '1_000', '0x1A']" in block
    assert "null" not in text
    assert "role: null" not in text


def test_a_schema_of_many_columns_takes_few_lines():
    schema = Schema(columns=tuple(Column(name=f"c{i}", kind="count") for i in range(50)))
    assert len(schema.to_yaml().splitlines()) < 2 * 50 + 10


def test_long_lists_are_wrapped_and_rules_are_not():
    rule = "crp > 0" + " or crp > 0" * 15
    levels = tuple(f"level {i}" for i in range(60))
    schema = Schema(
        columns=(Column(name="crp", kind="count"), Column(name="x", kind="ordinal", levels=levels)),
        rules=(rule,),
    )
    text = schema.to_yaml()
    assert f"- {rule}\n" in text
    assert max(len(line) for line in text.splitlines() if "crp >" not in line) <= 100
    assert same(Schema(**read_yaml(text).content), schema)


def test_other_yaml_readers_read_the_same(tmp_path):
    # YAML 1.1 is what PyYAML reads: it must find our texts as texts, too.
    schema = clinical()
    content = yaml.safe_load(schema.to_yaml())
    assert content["columns"][0]["missing"] == [-9, "not done", 9.5, "no", "1:40"]
    assert content["columns"][7]["levels"] == ["010", "+1", "1e5", "1_000", "0x1A"]


def test_comments_are_about_columns(tmp_path):
    with pytest.raises(SchemaError, match=r"'cpr' \(did you mean 'crp'\?\)"):
        clinical().to_yaml({"cpr": ["x"]})
    path = tmp_path / "schema.yaml"
    clinical().to_file(path, comments={"crp": ["why\r\nnot: [", "\x00\x85\u2028]"]})
    assert same(Schema.from_file(path), clinical())


def test_nothing_of_the_machine_is_in_the_file(tmp_path):
    path = tmp_path / "schema.yaml"
    clinical().to_file(path)
    assert str(tmp_path) not in path.read_text(encoding="utf-8")
    assert path.read_bytes() == clinical().to_yaml().encode()


def test_a_file_is_not_replaced_by_accident(tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_text("mine")
    with pytest.raises(FileError, match="exists already"):
        clinical().to_file(path)
    assert path.read_text() == "mine"
    clinical().to_file(path, force=True)
    assert same(Schema.from_file(path), clinical())


# --- YAML's traps --------------------------------------------------------------------------------

PLAIN_TEXTS = """
    no yes on off y n No NO True FALSE 1:40 1:80:3 190:20:30 2024-01-31 2024-01-31T08:30 010
    0o10 0x1A 0b1 1_000 +1 ++ .inf .nan -.inf NaN nan 1.2.3 1e 12h << = 00 -0x1 1,5
    2024-01-31t08:30:00Z Null NULL TRUE
"""


@pytest.mark.parametrize("text", PLAIN_TEXTS.split())
def test_plain_text_stays_text(tmp_path, text):
    path = tmp_path / "schema.yaml"
    path.write_text(
        f"columns:\n- {{name: {text}, kind: nominal, levels: [{text}, b]}}\n"
        if "," not in text
        else f"columns:\n- name: {text}\n  kind: nominal\n  levels:\n  - {text}\n  - b\n"
    )
    schema = Schema.from_file(path)
    assert schema.names == [text]
    assert schema[text].levels == (text, "b")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-9", -9),
        ("0", 0),
        ("1.0", 1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-0.5", -0.5),
        ("1e5", 1e5),
        ("1.5E-3", 0.0015),
        ("true", True),
        ("false", False),
        ("'1'", "1"),
        ('"true"', "true"),
        ("|\n    1\n", "1\n"),
    ],
)
def test_numbers_and_truths(tmp_path, text, value):
    path = tmp_path / "schema.yaml"
    path.write_text(f"columns:\n- name: x\n  kind: nominal\n  levels:\n  - {text}\n")
    (level,) = Schema.from_file(path)["x"].levels
    assert level == value
    assert type(level) is type(value)


def test_a_file_from_another_editor(tmp_path):
    path = tmp_path / "schema.yml"
    text = "# mine\r\ncolumns:   # all\r\n- kind: count\r\n  name: Größe\r\n\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert Schema.from_file(path).names == ["Größe"]


# --- what is refused -----------------------------------------------------------------------------

CRP = "columns:\n  - name: crp\n    kind: continuous\n"

# Malformed files, and the words that must tell where and what.
REFUSED = {
    "": "the file is empty",
    "# nothing\n": "the file is empty",
    "- crp": "a schema begins with a key",
    "crp": "a schema begins with a key",
    "colums: []": r"line 1: unknown key 'colums' \(did you mean 'columns'\?\); a schema may have "
    "format_version, columns",
    "format_version: 1": "the key 'columns' is missing",
    "format_version: 2\ncolumns: []": "line 1: format_version: only 1 is known here",
    "format_version: true\ncolumns: []": "format_version: only 1",
    "format_version: '1'\ncolumns: []": "format_version: only 1",
    CRP + "    untis: mg/L": r"line 4: unknown key 'untis' \(did you mean 'unit'\?\); column 'crp' "
    "may have name, kind, unit",
    CRP + "    plausible: {lo: 3}": r"line 4: unknown key 'lo' \(did you mean 'low'\?\); "
    "column 'crp', plausible may have low, high",
    CRP + "    reference:\n      - high: 5\n        sauce: x": r"line 6: unknown key 'sauce' \(did "
    r"you mean 'source'\?\); column 'crp', reference\[1\] may have",
    CRP + "    unit: mg/L\n    unit: g/L": "line 5: the key 'unit' stands twice",
    CRP + "columns: []": "line 4: the key 'columns' stands twice",
    CRP + "  - name: sex\n": "line 4: column 'sex': the key 'kind' is missing",
    CRP + "  - kind: count\n": "line 4: column 2: the key 'name' is missing",
    CRP + "  - crp\n": "line 4: column 2: must have keys of its own",
    CRP + "  -\n": "line 4: column 2: is empty",
    "columns:\n  crp: {kind: count}": "line 1: columns: must be a list",
    "columns:\n- name: crp\n  kind: continous": r"line 3: column 'crp', kind: must be "
    r"'continuous', .* \(did you mean 'continuous'\?\)",
    "columns:\n- name: 2020\n  kind: count": "line 2: column 1, name: must be a text; put it in",
    "columns:\n- name: true\n  kind: count": "line 2: column 1, name: must be a text; put it in",
    "columns:\n- name:\n  kind: count": "line 2: column 1, name: is empty",
    CRP + "    decimals: '2'": "line 4: column 'crp', decimals: must be a number, without quotes",
    CRP + "    decimals: 2.5": "line 4: column 'crp', decimals: ",
    CRP + "    decimals: -1": "line 4: column 'crp', decimals: .*greater than or equal to 0",
    CRP + "    plausible: {low: 0,5}": "line 4: a key must be a text, .* decimal point",
    CRP + "    plausible: {low: '0'}": "line 4: column 'crp', plausible.low: must be a number",
    CRP + "    plausible: {low: .nan}": "line 4: column 'crp', plausible.low: must be a number",
    CRP + "    plausible: {low: .inf}": "line 4: column 'crp', plausible.low: must be a number",
    CRP + "    plausible: {low: 1e999}": "line 4: the number is too large",
    CRP + "    missing: [" + "9" * 5000 + "]": "line 4: the number is too large",
    CRP + "    plausible: 5": "line 4: column 'crp', plausible: must have keys of its own",
    CRP + "    plausible: {low: 5, high: 3}": "line 2: column 'crp': .* from 5 to 3 is empty",
    CRP + "    unit: mg/Lll": "line 2: column 'crp'",
    CRP + "    loinc: 1988-4": "line 2: column 'crp'",
    "columns:\n- plausible: {low: 5, high: 3}": "line 2: column 1: .* from 5 to 3 is empty",
    "columns:\n- 5\n- {x: 1}\n- {name: crp, kind: count, unit: mg/Lll}": "line 4: column 'crp': ",
    CRP + "    missing: -9": "line 4: column 'crp', missing: must be a list",
    CRP + "    levels: [a, [b]]": r"line 4: column 'crp', levels\[2\]: ",
    CRP + "    levels: [a, null]": r"line 4: column 'crp', levels\[2\]: ",
    CRP + "    levels: [a, {b: c}]": r"line 4: column 'crp', levels\[2\]: ",
    CRP + "    role: sensible": r"line 4: column 'crp', role: must be .*did you mean 'sensitive'",
    CRP + "  - name: crp\n    kind: count": r"the columns \['crp'\] are declared twice",
    CRP + "rules: crp > 3": "line 4: rules: must be a list",
    CRP + "rules:\n- cpr > 3": r"rule 'cpr > 3': there is no column 'cpr' \(did you mean 'crp'\?\)",
    CRP + "rules:\n- `crp` > 3": "line 5: .*text that begins with ` stands in quotes",
    CRP + "    unit: @": "line 4: .*text that begins with @ stands in quotes",
    CRP + "    unit: %": "line 4: .*stands in quotes",
    CRP + "\tunit: mg": "line 4: .*indent with spaces, not with tabs",
    CRP + "   unit: mg": "line 4: .*check the indentation",
    CRP + "    unit: 'mg": "line [45]: ",
    CRP + "    unit: [mg": "line [45]: ",
    CRP + "    unit: a: b": "line 4: ",
    CRP + "    ? [a]\n    : b": "line 4: a key must be a text",
    CRP + "    5: b": "line 4: a key must be a text",
    CRP + "    unit: &u mg/L": "line 4: anchors",
    "a: &a [x]\nb: *a": "line 1: anchors",
    CRP + "    unit: *u": "line 4: anchors",
    CRP + "    <<: {unit: mg}": "line 4: unknown key '<<'",
    CRP + "    unit: !!str 5": "line 4: tags",
    CRP + "    unit: !!python/object/apply:os.system ['true']": "line 4: tags",
    CRP + "    unit: !mine x": "line 4: tags",
    CRP + "---\ncolumns: []": "a second document begins",
    CRP + "    unit: " + "[" * 1000 + "]" * 1000: "line 4: the entries are nested too deeply",
    CRP + "    unit: " + "{a: " * 300 + "}" * 300: "line 4: the entries are nested too deeply",
    CRP + "    unit: \x00": "control characters",
    CRP + "    \x07": "control characters",
    CRP + "    " + "k" * 500 + ": 1": "line 4: unknown key 'k{200}…'",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text[-40:]))
@pytest.mark.parametrize("loader", ["CSafeLoader", "SafeLoader"])
def test_refused(tmp_path, monkeypatch, text, loader):
    # PyYAML has two parsers, and not every installation has the one in C.
    monkeypatch.setattr(yaml, "CSafeLoader", getattr(yaml, loader))
    path = tmp_path / "schema.yaml"
    path.write_bytes(text.encode())
    with pytest.raises(SchemaError, match=REFUSED[text]) as caught:
        Schema.from_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value)) < 800 + len(str(path))


REFUSED_JSON = {
    "": "line 1: Expecting value",
    "{": "line 1: ",
    '{"columns": [],}': "line 1: ",
    "[]": "a schema begins with a key",
    "null": "the file is empty",
    '{"columns": [], "columns": []}': "the key 'columns' stands twice",
    '{"columns": [{"name": "x", "name": "y", "kind": "count"}]}': "the key 'name' stands twice",
    '{"columns": [{"name": "x", "kind": "count", "untis": 1}]}': r"schema.json: unknown key "
    r"'untis' \(did you mean 'unit'\?\); column 'x' may have",
    '{"columns": [{"name": "x", "kind": "count", "decimals": "1"}]}': "column 'x', decimals: must",
    '{"columns": [{"name": "x", "kind": "count", "plausible": {"low": NaN}}]}': "NaN is not a",
    '{"columns": [{"name": "x", "kind": "count", "plausible": {"low": -Infinity}}]}': "-Infinity",
    '{"columns": [{"name": "x", "kind": "count", "plausible": {"low": 1e999}}]}': "too large",
    '{"columns": [{"name": "x", "kind": "count", "missing": [' + "9" * 5000 + "]}]}": "too large",
    '{"columns": [{"name": "\\ud800", "kind": "count"}]}': "half a sign",
    '{"\\ud800": 1}': "half a sign",
    "[" * 100_000: "nested too deeply",
}


@pytest.mark.parametrize("text", REFUSED_JSON, ids=lambda text: ascii(text[-40:]))
def test_refused_json(tmp_path, text):
    path = tmp_path / "schema.json"
    path.write_text(text)
    with pytest.raises(SchemaError, match=REFUSED_JSON[text]):
        Schema.from_file(path)


def test_files_that_are_none(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        Schema.from_file(tmp_path / "schema.yaml")
    with pytest.raises(FileError, match="is not a file"):
        Schema.from_file((tmp_path / "folder.yaml").mkdir() or tmp_path / "folder.yaml")
    for name in ("schema", "schema.csv", "schema.yaml.gz"):
        with pytest.raises(FileError, match=r"ends in \.yaml, \.yml or \.json"):
            Schema.from_file(tmp_path / name)
        with pytest.raises(FileError, match=r"ends in \.yaml, \.yml or \.json"):
            clinical().to_file(tmp_path / name)
    with pytest.raises(FileError, match="does not exist"):
        clinical().to_file(tmp_path / "nowhere" / "schema.yaml")
    with pytest.raises(FileError, match="no such file"):
        Schema.from_file("a\x00b.yaml")


def test_an_encoding_that_is_not_utf_8(tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_bytes("columns: [{name: Größe, kind: count}]".encode("latin-1"))
    with pytest.raises(FileError, match="not in UTF-8"):
        Schema.from_file(path)


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "schema.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(FileError, match="larger than 4 MiB"):
        Schema.from_file(path)


def test_laughs_stay_few(tmp_path):
    # "A billion laughs": ten lines that would grow to gigabytes.
    lines = ["a0: &a0 [x, x]"] + [
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)
    ]
    path = tmp_path / "schema.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(SchemaError, match="anchors"):
        Schema.from_file(path)


# --- the published JSON Schema -------------------------------------------------------------------


def test_the_published_json_schema_is_current():
    assert json_schema() == json.loads(schema_text()), (
        "the types of the schema have changed; write schema_text() of "
        f"synthhealth/schema/files.py to {FILE_NAME} beside it"
    )


def test_every_schema_file_is_valid_under_it(tmp_path):
    validator = jsonschema.Draft202012Validator(json_schema())
    for schema in (clinical(), Schema.detect(load_ra_panel())):
        schema.to_file(tmp_path / "schema.json", force=True)
        validator.validate(json.loads((tmp_path / "schema.json").read_text(encoding="utf-8")))
        validator.validate(read_yaml(schema.to_yaml()).content)
    wrong = {"columns": [{"name": "crp", "kind": "continuous", "untis": "mg/L"}]}
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(wrong)


def test_every_key_is_described():
    for name, definition in [("Schema", json_schema()), *json_schema()["$defs"].items()]:
        for key, entry in definition.get("properties", {}).items():
            assert entry.get("description"), f"{name}.{key}"


# --- attacks -------------------------------------------------------------------------------------

words = st.text(
    st.characters(codec="utf-8") | st.sampled_from(" \n\t:#-'\"[]{}&*!|>%@`,.\x85\u2028\ufeff0123"),
    max_size=20,
) | st.sampled_from(
    [*PLAIN_TEXTS.split(), "", "~", "null", "1", "1.0", "-", "? x", "a: b", "a #b", "---"]
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
levels = words | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | numbers
ranges = (
    st.tuples(numbers, numbers)
    .filter(lambda t: t[0] < t[1])
    .map(lambda t: {"low": t[0], "high": t[1]})
)
maybe = st.none


@st.composite
def columns(draw, name):
    return Column(
        name=name,
        kind=draw(st.sampled_from(Kind)),
        role=draw(maybe() | st.sampled_from(Role)),
        levels=draw(maybe() | st.lists(levels, max_size=5).map(tuple)),
        decimals=draw(maybe() | st.integers(0, 10)),
        plausible=draw(maybe() | ranges | st.just({})),
        reference=draw(
            st.lists(ranges.flatmap(lambda r: words.map(lambda w: r | {"source": w})), max_size=2)
        ),
        detection=draw(maybe() | st.lists(numbers, max_size=3).map(lambda v: {"below": v})),
        missing=draw(st.lists(words | st.integers(-999, 999) | numbers, max_size=4).map(tuple)),
        notation=draw(maybe() | words.map(lambda w: {"suffix": w, "dates": (w, w)})),
        identifier=draw(maybe() | words),
        protection=draw(maybe() | st.sampled_from(Protection)),
    )


@st.composite
def schemas(draw):
    names = draw(st.lists(words, max_size=4, unique=True))
    people = st.just({})
    if names:
        people |= st.fixed_dictionaries({"sex": st.sampled_from(names), "female": levels})
    return Schema(
        columns=tuple(draw(columns(name)) for name in names),
        demographics=draw(people),
        rules=tuple(
            f"`{name.replace('`', '``')}` is {word}missing"
            for name in names
            for word in draw(st.lists(st.sampled_from(["", "not "]), max_size=2))
        ),
    )


SAME_FOLDER = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def test_a_schema_has_only_numbers_that_a_file_can_hold():
    for number in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            Column(name="crp", kind="continuous", plausible={"low": number})


@given(schemas(), st.data())
@settings(max_examples=50, suppress_health_check=SAME_FOLDER)
def test_every_schema_goes_there_and_back(tmp_path, schema, data):
    comments = {name: [data.draw(words)] for name in schema.names}
    for suffix in (".yaml", ".json"):
        path = tmp_path / f"schema{suffix}"
        write_schema(schema, path, force=True, comments=comments)
        assert same(read_schema(path), schema)


YAML_PIECES = """
    columns : - name kind count unit [ ] { } , # ' " & * ! | > % @ ` ~ ? null 1.5 .nan
    rules levels plausible low high missing format_version 1 <<
"""


@given(
    st.text(max_size=80)
    | st.lists(
        st.sampled_from([*YAML_PIECES.split(), "\n", "\n  ", "\n    ", ": ", "- "]), max_size=30
    ).map("".join)
    | st.binary(max_size=60)
)
@settings(suppress_health_check=SAME_FOLDER)
@example(text=CRP + "    unit: {a: *b}")
def test_any_file_is_a_schema_or_an_error(tmp_path, text):
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    for suffix in (".yaml", ".json"):
        path = tmp_path / f"any{suffix}"
        path.write_bytes(content)
        try:
            schema = read_schema(path)
        except (SchemaError, FileError):
            continue
        assert isinstance(schema, Schema)


@given(st.data())
@settings(suppress_health_check=SAME_FOLDER)
def test_a_damaged_file_is_a_schema_or_an_error(tmp_path, data):
    text = schema_to_yaml(clinical())
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(start + 15, len(text))))
    path = tmp_path / "damaged.yaml"
    damage = data.draw(st.sampled_from([*YAML_PIECES.split(), "", "\n", "\t", " "]))
    path.write_bytes((text[:start] + damage + text[stop:]).encode())
    try:
        schema = read_schema(path)
    except SchemaError:
        return
    assert isinstance(schema, Schema)
