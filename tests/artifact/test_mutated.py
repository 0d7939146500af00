"""Good files, mutated at random: refused, or a model that samples; never anything else."""

from __future__ import annotations

import json
import struct
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from synth_files import BASES, saved, with_digests, write

#: Values that a stranger would try in any place of a JSON text.
STRANGE = (
    st.sampled_from(
        [
            *(None, True, False, "", "x", "x" * 5_000, "../x", "os.system", "object", "NaN", "\0"),
            *(0, 1, -1, 2, 255, 10**6, 2**31, 2**63, 10**30, -(10**30)),
            *(0.0, -0.0, 0.5, -1.5, 1e-320, 1e308, -1e308),
            *([], {}, [[]], [0] * 1_000, {"a": {}}, [[0, 0.5]], ["a", "a"]),
        ]
    )
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
)


def settings_for(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def mutated_bytes(draw: st.DrawFn) -> tuple[str, bytes]:
    """Give a file with bytes flipped, cut out, put in, doubled or cut off."""
    family = draw(st.sampled_from(BASES))
    content = bytearray(packed(family))
    for _ in range(draw(st.integers(1, 3))):
        # Half of the places are where the zip speaks, not its members.
        place = draw(st.integers(0, len(content)) | st.integers(0, 300))
        place = len(content) - place if draw(st.booleans()) else place
        place = max(0, min(place, len(content) - 1))
        length = draw(st.integers(1, 64))
        match draw(
            st.sampled_from(["flip", "flip", "flip", "set", "cut", "insert", "double", "truncate"])
        ):
            case "flip":
                content[place] ^= 1 << draw(st.integers(0, 7))
            case "set":
                content[place] = draw(st.integers(0, 255))
            case "cut":
                del content[place : place + length]
            case "insert":
                content[place:place] = draw(st.binary(min_size=1, max_size=64))
            case "double":
                content[place:place] = content[place : place + length]
            case "truncate":
                del content[place:]
        if not content:
            break
    return family, bytes(content)


def packed(family: str) -> bytes:
    from synth_files import Entry, pack

    return pack([Entry(name, content) for name, content in saved(family).items()])


@st.composite
def mutated_json(draw: st.DrawFn) -> tuple[str, dict[str, bytes]]:
    """Give the members of a file in which one says something else, with all digests right."""
    family = draw(st.sampled_from(BASES))
    member = draw(st.sampled_from(["manifest.json", "model.json", "preparation.json"]))
    members = dict(saved(family))
    content = json.loads(members[member])
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        mutate(draw, content)
    members[member] = json.dumps(content).encode()
    return family, with_digests(members)


def mutate(draw: st.DrawFn, content: Any) -> None:
    """Change one place in a tree of dicts and lists."""
    node, key = content, None
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = draw(st.sampled_from(keys))
        child = node[key]
        if not isinstance(child, dict | list) or not child or draw(st.integers(0, 9)) == 0:
            break
        node = child
    match draw(
        st.sampled_from(["replace", "alike", "alike", "delete", "double", "move", "scale", "scale"])
    ):
        case "replace":
            node[key] = deepcopy(draw(STRANGE))
        case "alike":
            # Of the same type, so that it is not its form alone that is refused.
            node[key] = deepcopy(draw(STRANGE.filter(lambda one: type(one) is type(child))))
        case "delete":
            del node[key]
        case "double" if isinstance(node, list):
            node.insert(key, child)
        case "double":
            node[draw(st.text(max_size=9))] = child
        case "move":
            other = draw(st.sampled_from(keys))
            node[key], node[other] = node[other], node[key]
        case "scale" if isinstance(child, int | float) and not isinstance(child, bool):
            node[key] = child * draw(st.sampled_from([-1, 0, 2, 10, 1_000]))
        case "scale":
            node[key] = [child]


@st.composite
def mutated_arrays(draw: st.DrawFn) -> tuple[str, dict[str, bytes]]:
    """Give the members of a file with other arrays, with all digests right."""
    family = draw(st.sampled_from(BASES))
    members = dict(saved(family))
    content = members["arrays.safetensors"]
    (size,) = struct.unpack_from("<Q", content)
    header, body = json.loads(content[8 : 8 + size]), bytearray(content[8 + size :])
    if draw(st.booleans()):
        mutate(draw, header)
    else:
        for _ in range(draw(st.integers(1, 8))):
            place = draw(st.integers(0, len(body) - 8))
            number = draw(st.floats(width=32))
            body[place : place + 4] = struct.pack("<f", number)
    if draw(st.booleans()):
        body = body[: draw(st.integers(0, len(body)))]
    text = json.dumps(header).encode()
    members["arrays.safetensors"] = struct.pack("<Q", len(text)) + text + bytes(body)
    return family, with_digests(members)


def check_bytes(watched, folder, family, content):
    path = folder / "mutated.synth"
    path.write_bytes(content)
    found = watched.load(path)
    # No checksum covers the time that the zip states; whatever else differs is noticed.
    assert found["outcome"] == "refused" or found["digest"] == digest_of(watched, folder, family)


def check_members(watched, folder, members):
    watched.load(write(folder / "mutated.synth", members))


def digest_of(watched, folder, family):
    found = watched.load(write(folder / "good.synth", saved(family)))
    return found["digest"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("mutated")


def test_mutated_bytes(watched, folder):
    run_bytes(watched, folder, 40)


def test_mutated_json(watched, folder):
    run_json(watched, folder, 60)


def test_mutated_arrays(watched, folder):
    run_arrays(watched, folder, 20)


@pytest.mark.slow
def test_a_thousand_mutated_files(watched, folder):
    run_bytes(watched, folder, 300)
    run_json(watched, folder, 500)
    run_arrays(watched, folder, 200)


def run_bytes(watched, folder, examples):
    @settings_for(examples)
    @given(mutated_bytes())
    def run(mutated):
        check_bytes(watched, folder, *mutated)

    run()


def run_json(watched, folder, examples):
    @settings_for(examples)
    @given(mutated_json())
    def run(mutated):
        check_members(watched, folder, mutated[1])

    run()


def run_arrays(watched, folder, examples):
    @settings_for(examples)
    @given(mutated_arrays())
    def run(mutated):
        check_members(watched, folder, mutated[1])

    run()
