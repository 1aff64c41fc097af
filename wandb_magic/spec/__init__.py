"""Validates the sweep config."""

from wandb_magic.spec.config import Constraint, EarlyTerminate, Metric, Spec
from wandb_magic.spec.loader import load, load_lenient, spec_of

__all__ = [
    "Constraint",
    "EarlyTerminate",
    "Metric",
    "Spec",
    "load",
    "load_lenient",
    "spec_of",
]
