"""The published JSON Schema of the members of a ``.synth`` file."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from synthhealth.artifact.container import MANIFEST, MODEL, PREPARATION, SIGNATURE
from synthhealth.artifact.manifest import Manifest
from synthhealth.artifact.signature import Signature

__all__ = ["json_schema"]

FILE_NAME = "synth.schema.json"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the members of every saved synthesizer.

    It describes one object that has the file's JSON members by their names. What ``model.json``
    holds is described for the families of this library; those of third parties are free.

    Examples
    --------
    >>> from synthhealth.artifact import json_schema
    >>> sorted(json_schema()["properties"])
    ['manifest.json', 'model.json', 'preparation.json', 'signature.json']
    """
    text = resources.files("synthhealth.artifact").joinpath(FILE_NAME).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def schema_text() -> str:
    """Return the content that the published file must have: the schema of the types as they are."""
    from synthhealth.table.preparation import Preparation

    states = _states()
    members: dict[str, type[BaseModel]] = {
        MANIFEST: Manifest,
        PREPARATION: Preparation,
        SIGNATURE: Signature,
    }
    parts = [*members.values(), *dict.fromkeys(states.values())]
    references, definitions = models_json_schema([(part, "serialization") for part in parts])
    reference = {part: references[part, "serialization"] for part in parts}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A saved synthesizer",
        "description": "The JSON members of a .synth file, by their names; beside them the file "
        "holds arrays.safetensors.",
        "type": "object",
        "properties": {name: reference[part] for name, part in members.items()}
        | {MODEL: {"type": "object"}},
        "required": [MANIFEST, PREPARATION, MODEL],
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {MANIFEST: {"properties": {"model": {"const": family}}}}},
                "then": {"properties": {MODEL: reference[state]}},
            }
            for family, state in states.items()
        ],
        **definitions,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _states() -> dict[str, type[BaseModel]]:
    """Give for each of our families the type of what it keeps in ``model.json``."""
    from synthhealth.models.autoregressive import AutoregressiveModel
    from synthhealth.models.bayesian_network import BayesianNetworkModel
    from synthhealth.models.boltzmann import BoltzmannModel
    from synthhealth.models.causal_gan import CausalGANModel
    from synthhealth.models.copula_gan import CopulaGANModel
    from synthhealth.models.ctgan import CTGANModel
    from synthhealth.models.diffusion import DiffusionModel
    from synthhealth.models.gaussian_copula import GaussianCopulaModel
    from synthhealth.models.hybrid import HybridModel
    from synthhealth.models.private import PrivateModel
    from synthhealth.models.trees import TreesModel
    from synthhealth.models.tvae import TVAEModel

    families = (
        AutoregressiveModel,
        BayesianNetworkModel,
        BoltzmannModel,
        CausalGANModel,
        CopulaGANModel,
        CTGANModel,
        DiffusionModel,
        GaussianCopulaModel,
        HybridModel,
        PrivateModel,
        TreesModel,
        TVAEModel,
    )
    return {family.name: family.State for family in families}
