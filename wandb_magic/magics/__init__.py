"""The magics ``%%wandb_sweep`` and ``%wandb_sweep``, and their completions.

Loading them imports only what loading needs: neither wandb nor pandas, optuna or torch.
"""

from wandb_magic.magics.extension import load

__all__ = ["load"]
