"""The families of synthesizers, one file each, behind one small protocol."""

from synthhealth.models.about import About, Advice, FileAttack
from synthhealth.models.base import ConditionalModel, DensityModel, LogDensity, Model, Training
from synthhealth.models.parameters import Parameter, resolve
from synthhealth.models.registry import DEFAULT, about, available, get, register

__all__ = [
    "DEFAULT",
    "About",
    "Advice",
    "ConditionalModel",
    "DensityModel",
    "FileAttack",
    "LogDensity",
    "Model",
    "Parameter",
    "Training",
    "about",
    "available",
    "get",
    "register",
    "resolve",
]
