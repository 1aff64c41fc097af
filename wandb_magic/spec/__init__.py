"""The validated sweep config."""

from wandb_magic.spec.config import EarlyTerminate, Metric, Spec
from wandb_magic.spec.loading import load

__all__ = ["EarlyTerminate", "Metric", "Spec", "load"]
