"""The magics ``%%wandb_sweep`` and ``%wandb_sweep``, and what IPython completes in them.

Loading them imports nothing that is not needed to load: no wandb, pandas, optuna or torch.
"""

from wandb_magic.magics.extension import load

__all__ = ["load"]
