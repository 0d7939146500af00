"""The families of synthesizers, one file each, behind one small protocol."""

from synthhealth.models.base import ConditionalModel, Model, Training
from synthhealth.models.parameters import Parameter, resolve
from synthhealth.models.registry import available, get, register

__all__ = [
    "ConditionalModel",
    "Model",
    "Parameter",
    "Training",
    "available",
    "get",
    "register",
    "resolve",
]
