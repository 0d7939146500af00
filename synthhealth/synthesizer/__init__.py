"""The class that users meet, around `Fitted`: fit, sample, evaluate, save, load."""

from synthhealth.synthesizer.synthesizer import Synthesizer, load

__all__ = ["Synthesizer", "load"]
