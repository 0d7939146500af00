"""Settings from a file, and whether a training job would understand its hyperparameters."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from synthhealth.aws._launch._hosting import CategoricalRange, TuningSettings
from synthhealth.aws._launch._jobs import hyperparameters
from synthhealth.aws._launch._settings import (
    EndpointSettings,
    SamplingSettings,
    SecuredSettings,
    TrainingSettings,
    TransformSettings,
)
from synthhealth.errors import FileError, SettingsError

__all__ = ["check_parameters", "example_settings", "read_settings"]


def check_parameters(settings: TrainingSettings | TuningSettings) -> None:
    """Refuse hyperparameters that the job itself would refuse, once it had started.

    Parameters
    ----------
    settings : TrainingSettings or TuningSettings
        Of a tuning job, the ends of each range are judged.

    Raises
    ------
    ParameterError
        The family or a parameter is unknown here, or a value is of the wrong type or out of its
        bounds.

    Notes
    -----
    Judged by the version of synthhealth and by the families that are installed here; the image may
    hold others.

    Examples
    --------
    >>> from synthhealth.aws.launch import TrainingSettings, check_parameters
    >>> training = TrainingSettings(
    ...     image="123456789012.dkr.ecr.eu-central-1.amazonaws.com/synthhealth:0.1.0",
    ...     role="arn:aws:iam::123456789012:role/synthhealth",
    ...     data="s3://hospital/clean/", output="s3://hospital/models/",
    ...     synthesizer="ctgan", hyperparameters={"step": 300},
    ...     allow_default_key=True, allow_no_vpc=True,
    ... )
    >>> try:
    ...     check_parameters(training)
    ... except ValueError as error:
    ...     print(str(error).partition(";")[0])
    there is no parameter 'step' (did you mean 'steps'?)
    """
    from synthhealth.aws._training._settings import read_settings  # loads pandas

    for values in _sets(settings):
        read_settings(values)


def _sets(settings: TrainingSettings | TuningSettings) -> Iterator[dict[str, str]]:
    if isinstance(settings, TrainingSettings):
        yield hyperparameters(settings)
        return
    fixed = hyperparameters(settings.training)
    for name, tried in settings.ranges.items():
        if isinstance(tried, CategoricalRange):
            ends = tried.values
        else:
            ends = (str(tried.low), str(tried.high))
        for end in ends:
            yield {**fixed, name: end}


_PLACE = {
    "image": "000000000000.dkr.ecr.eu-central-1.amazonaws.com/synthhealth",
    "role": "arn:aws:iam::000000000000:role/synthhealth",
    "allow_default_key": True,
    "allow_no_vpc": True,
}
_MODEL = "s3://your-bucket/model.tar.gz"
Launched = TrainingSettings | EndpointSettings | SamplingSettings | TransformSettings
_EXAMPLES: Mapping[str, tuple[type[Launched], Mapping[str, Any]]] = {
    "train": (
        TrainingSettings,
        {
            "data": "s3://your-bucket/clean/",
            "output": "s3://your-bucket/models/",
            "name": "NAME",
            **_PLACE,
        },
    ),
    "deploy": (EndpointSettings, {"model_data": _MODEL, "name": "NAME", **_PLACE}),
    "sample": (
        SamplingSettings,
        {
            "model_data": _MODEL,
            "output": "s3://your-bucket/",
            "num_rows": 1,
            "name": "NAME",
            **_PLACE,
        },
    ),
    "transform": (
        TransformSettings,
        {
            "model_name": "MODEL",
            "input": "s3://your-bucket/",
            "output": "s3://your-bucket/",
            "name": "NAME",
            "allow_default_key": True,
        },
    ),
}


#: What several kinds of settings share, so that one file can serve them all.
_SHARED = frozenset({*SecuredSettings.model_fields, "image"})


def read_settings(
    path: str | os.PathLike[str], made: type[BaseModel] | None = None
) -> dict[str, Any]:
    """Read settings by their Python names from a YAML or JSON file.

    Parameters
    ----------
    path : path-like
    made : type, optional
        The settings that they are for, such as `TransformSettings`: what others share and these do
        not have (such as ``role``) is left out, so that one file serves several verbs.

    Returns
    -------
    dict
        For `TrainingSettings` and its like, which check them.

    Raises
    ------
    FileError
        It cannot be read.
    SettingsError
        It is neither YAML nor JSON, or no mapping.
    """
    import yaml

    name = os.fspath(path)
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError(f"{name}: cannot be read ({reason})") from error
    # ValueError: such as a date that no calendar has, or bytes that are no UTF-8.
    except (yaml.YAMLError, ValueError, RecursionError):
        raise SettingsError(f"{name}: is neither YAML nor JSON in UTF-8") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise SettingsError(f"{name}: must hold settings by their names, such as 'role: arn:...'")
    if made is None:
        return content
    foreign = _SHARED - made.model_fields.keys()
    return {name: value for name, value in content.items() if name not in foreign}


def example_settings(
    kind: str, values: Mapping[str, Any], path: str | os.PathLike[str] | None = None
) -> Launched:
    """Fill up settings that are enough for a `cost_note`, but not for a job.

    Parameters
    ----------
    kind : {"train", "deploy", "sample", "transform"}
    values : mapping
        Settings that are known.
    path : path-like, optional
        A file with others.
    """
    made, example = _EXAMPLES[kind]
    known = {} if path is None else read_settings(path, made)
    filled = dict(example) | known | dict(values)
    if filled.get("kind") == "serverless":
        filled |= {"network_isolation": False}
    elif filled.get("kind") == "async":
        filled = {"output": "s3://your-bucket/", **filled}
    return made(**filled)
