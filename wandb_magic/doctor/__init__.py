"""What could go wrong with sweeps in this kernel or terminal, and what to do about it.

Each subject has a module with a function that yields findings. Nothing here changes anything, and
nothing is imported into the kernel: not wandb, nor torch, nor what a notebook uses. What only they
can tell is asked in a short-lived child.
"""

from wandb_magic.doctor.check_runner import run_checks

__all__ = ["run_checks"]
