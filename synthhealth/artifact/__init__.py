"""The saved synthesizer."""

from synthhealth.artifact._format import load, save

__all__ = ["load", "save"]
