"""The families of synthesizers, one file each, behind one small protocol."""

from synthhealth.models._parameters import Parameter, resolve
from synthhealth.models._registry import available, get, register
from synthhealth.models.base import ConditionalModel, Model, Training

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
