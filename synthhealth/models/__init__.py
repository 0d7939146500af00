"""The families of synthesizers, one file each, behind one small protocol."""

from synthhealth.models._parameters import Parameter
from synthhealth.models._registry import available, get
from synthhealth.models.base import ConditionalModel, Model, Training

__all__ = ["ConditionalModel", "Model", "Parameter", "Training", "available", "get"]
