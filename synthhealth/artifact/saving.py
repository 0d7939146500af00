"""From a fitted synthesizer to the members of its file, and back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from synthhealth.artifact.container import (
    ARRAYS,
    MANIFEST,
    MODEL,
    PREPARATION,
    SIGNATURE,
    read_container,
    write_container,
)
from synthhealth.artifact.manifest import (
    Manifest,
    TrainingSummary,
    check_version,
    make_manifest,
    member_of,
)
from synthhealth.artifact.plain import parse_json, read_arrays, to_json, write_arrays
from synthhealth.errors import ArtifactError, ParameterError
from synthhealth.fitted import Fitted
from synthhealth.io.files import check_target
from synthhealth.models import get
from synthhealth.models.base import FormalModel
from synthhealth.progress import ProgressEvent

if TYPE_CHECKING:
    import pandas as pd

    from synthhealth.models import Model
    from synthhealth.report import Report
    from synthhealth.table.preparation import Preparation

__all__ = [
    "members_of",
    "read",
    "read_manifest",
    "read_preparation",
    "rebuild",
    "understand",
    "write",
]

#: More are no table of patients, and would take minutes to be checked.
MAX_COLUMNS, MAX_RULES, MAX_RULE_TEXT = 2_000, 200, 100_000

#: Rows drawn while loading, to see that the model and the preparation belong together.
TRIAL_ROWS, TRIAL_SEED = 20, 0


def write(
    fitted: Fitted,
    path: str | os.PathLike[str],
    *,
    force: bool = False,
    report: Report | None = None,
    key: bytes | None = None,
    table: pd.DataFrame | None = None,
) -> Path:
    """Write what a fit left. See `synthhealth.Synthesizer.save`.

    The training table is needed for its keyed hash only, where a key is given.
    """
    check_target(path, force=force)
    members = members_of(fitted)
    manifest = make_manifest(fitted, members, report=report, key=key, table=table)
    written = manifest.model_dump_json(indent=2).encode()
    write_container(path, {MANIFEST: written, **members}, force=force)
    return Path(path)


def members_of(fitted: Fitted) -> dict[str, bytes]:
    """Give the members that a fit alone decides: equal fits give equal bytes.

    Raises
    ------
    ArtifactError
        The family's state is not plain, or larger than a file may be.
    """
    plain: dict[str, Any] = {}
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for name, value in fitted.model.state().items():
        if isinstance(value, np.ndarray):
            arrays[name] = value
        else:
            _require_plain(value, f"family {fitted.family!r}: state() gives {name!r}")
            plain[name] = value
    try:
        preparation = fitted.preparation.model_dump_json().encode()
    except PydanticSerializationError as error:
        raise ArtifactError(
            "a name or a category of the table is not valid Unicode; rename it and fit again"
        ) from error
    # What is saved can be loaded.
    read_preparation(preparation)
    return {PREPARATION: preparation, MODEL: to_json(plain), ARRAYS: write_arrays(arrays)}


def read(path: str | os.PathLike[str]) -> Fitted:
    """Read what a fit left from a file. See `synthhealth.load`.

    The file may come from anybody: it holds numbers and text, no code, and is read within bounds
    of size. What it says is checked before it is used.

    Raises
    ------
    FileError
        There is no such file.
    ArtifactError
        It is not a saved synthesizer, is damaged, or was written by a newer version.
    """
    members = read_container(path)
    members.pop(SIGNATURE, None)
    try:
        manifest, members = understand(members)
        return rebuild(manifest, members)
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error.__cause__


def read_manifest(path: str | os.PathLike[str]) -> Manifest:
    """Read what a file says about itself, and check that its members are whole.

    Raises
    ------
    FileError, ArtifactError
        As `load`.
    """
    members = read_container(path)
    members.pop(SIGNATURE, None)
    try:
        return understand(members)[0]
    except ArtifactError as error:
        raise ArtifactError(f"{path}: {error}") from error.__cause__


def understand(members: dict[str, bytes]) -> tuple[Manifest, dict[str, bytes]]:
    """Check the digests, and bring the content to the current format.

    Raises
    ------
    ArtifactError
        It is not a saved synthesizer, is damaged, or was written by a newer version.
    """
    raw = parse_json(members[MANIFEST], MANIFEST)
    if not isinstance(raw, dict) or raw.get("format") != "synthhealth":
        raise ArtifactError("this is not a saved synthesizer; give a .synth file")
    check_version(raw)
    others = {name: one for name, one in members.items() if name != MANIFEST}
    _check_digests(raw, others)
    try:
        # Strictly: nothing that only looks like a number is taken for one.
        manifest = Manifest.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        raise ArtifactError(
            f"its manifest is not one of a saved synthesizer ({_where(error)}); save it again "
            "with Synthesizer.save"
        ) from error
    return manifest, others


def _check_digests(manifest: dict[str, Any], members: Mapping[str, bytes]) -> None:
    found = {name: member_of(one).model_dump() for name, one in members.items()}
    if manifest.get("members") != found:
        raise ArtifactError(
            "the content does not match its checksums, so the file is damaged or was changed; get "
            "it again from where it was saved"
        )


def rebuild(manifest: Manifest, members: Mapping[str, bytes]) -> Fitted:
    """Make what a fit left of a content that `understand` has given.

    Raises
    ------
    ArtifactError
        The parts of the content are not what they should be, or do not fit together.
    """
    try:
        family = get(manifest.model)
    except ParameterError:
        raise ArtifactError(
            f"the saved model is of the family {manifest.model[:60]!r}, which is not installed; "
            "install the package that provides it"
        ) from None
    _check_parameters(manifest, family)
    preparation = read_preparation(members[PREPARATION])
    state = parse_json(members[MODEL], MODEL)
    if not isinstance(state, dict):
        raise ArtifactError(f"{MODEL} is not an object; save the synthesizer again")
    arrays = read_arrays(members[ARRAYS])
    if set(state) & set(arrays):
        raise ArtifactError(f"{MODEL} and {ARRAYS} name the same part; save the synthesizer again")
    try:
        model = family.from_state({**state, **arrays})
        _check_settings(manifest, model)
        _try(model, preparation)
    except ArtifactError:
        raise
    except MemoryError:
        raise ArtifactError("the model needs more memory than there is") from None
    except Exception as error:
        # The state may come from a stranger, the family from a third party: whatever either of
        # them makes fail, the file is what cannot be used.
        raise ArtifactError(
            f"the content of the saved {manifest.model} does not fit together "
            f"({type(error).__name__}); get the file again from where it was saved, or fit and "
            "save again"
        ) from error
    return Fitted(
        manifest.model,
        dict(manifest.parameters),
        model,
        preparation,
        manifest.seed,
        manifest.n_rows,
        _event(manifest.training),
    )


def _event(training: TrainingSummary | None) -> ProgressEvent | None:
    if training is None:
        return None
    return ProgressEvent(
        "fit", training.done, training.total, training.unit, training.seconds, training.losses
    )


def _check_parameters(manifest: Manifest, family: type[Model]) -> None:
    """Let nothing pass by a parameter's name but a parameter, within its bounds."""
    known = {parameter.name: parameter for parameter in family.parameters}
    for name, value in manifest.parameters.items():
        if name not in known:
            raise ArtifactError(f"the model {manifest.model} has no parameter {name[:60]!r}")
        if value is None:
            continue
        try:
            known[name].check(value)
        except (ParameterError, TypeError, ValueError) as error:
            raise ArtifactError(f"a parameter of the saved model cannot be: {error}") from None


def _check_settings(manifest: Manifest, model: Model) -> None:
    """Let the manifest say of no model what another one is."""
    settings = parse_json(to_json(model.settings_), MODEL)
    budget = model.spent() if isinstance(model, FormalModel) else None
    if (
        settings != manifest.settings
        or model.partial_ is not manifest.partial
        or budget != manifest.budget
    ):
        raise ArtifactError(
            "the manifest states other settings than the model has; get the file again from where "
            "it was saved"
        )


def read_preparation(text: bytes) -> Preparation:
    """Read how a table is prepared, and check that its parts agree.

    Raises
    ------
    ArtifactError
        It is no preparation that was learned.
    """
    from synthhealth.table.preparation import Preparation
    from synthhealth.table.validity import check_preparation

    raw = parse_json(text, PREPARATION)
    try:
        for part, limit in (("columns", MAX_COLUMNS), ("rules", MAX_RULES)):
            if max(len(raw[schema][part]) for schema in ("described", "learned")) > limit:
                raise ArtifactError(f"it has more than {limit:,} {part}; leave some out")
        if sum(len(rule) for rule in raw["learned"]["rules"]) > MAX_RULE_TEXT:
            raise ArtifactError(f"its rules have more than {MAX_RULE_TEXT:,} signs; shorten them")
        preparation = Preparation.model_validate_json(text, strict=True)
        check_preparation(preparation)
    except ValidationError as error:
        raise ArtifactError(
            f"{PREPARATION} does not say how a table is prepared ({_where(error)}); get the file "
            "again from where it was saved"
        ) from error
    except Exception as error:
        # Rules, patterns, time zones and dtypes are texts that many a library reads; whatever a
        # stranger's text makes fail there, the file is what cannot be used.
        raise ArtifactError(
            f"{PREPARATION} contradicts itself ({type(error).__name__}: {error!s:.200}); get the "
            "file again from where it was saved"
        ) from error
    return preparation


def _try(model: Model, preparation: Preparation) -> None:
    """Draw a few rows: a file whose parts do not belong together fails now, not in use."""
    plain = model.sample(TRIAL_ROWS, seed=TRIAL_SEED)
    rng = np.random.default_rng(TRIAL_SEED)
    rows = preparation.realise(plain, rng)
    preparation.keeps_rules(rows)
    preparation.write(rows, rng, start=0, fakes_seed=TRIAL_SEED)


def _require_plain(value: Any, where: str) -> None:
    if isinstance(value, dict):
        for key, one in value.items():
            if not isinstance(key, str):
                raise ArtifactError(f"{where} with a key that is a {type(key).__name__}; {_PLAIN}")
            _require_plain(one, where)
    elif isinstance(value, list | tuple):
        for one in value:
            _require_plain(one, where)
    elif value is not None and not isinstance(value, bool | int | float | str):
        raise ArtifactError(f"{where} with a {type(value).__name__} in it; {_PLAIN}")


_PLAIN = (
    "a state is made of None, true and false, finite numbers, text, lists, dicts by text, and "
    "numpy arrays on top"
)


def _where(error: ValidationError) -> str:
    """Say where a model's content is wrong; never what it is."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part)[:40] for part in first["loc"][:6])
    return f"{place}: {first['type']}" if place else str(first["type"])
