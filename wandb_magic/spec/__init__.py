"""The validated sweep config."""

from wandb_magic.spec.config import EarlyTerminate, Metric, Spec
from wandb_magic.spec.loading import load, understood

__all__ = ["EarlyTerminate", "Metric", "Spec", "load", "understood"]
