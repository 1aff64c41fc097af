"""Checks this kernel or terminal for problems with sweeps, and suggests remedies.

Each subject has a module in `checks`. Checks change nothing, and import nothing into the kernel:
neither wandb nor torch nor the notebook's packages. What requires such an import is checked in a
short-lived child process.
"""

from wandb_magic.doctor.check_runner import run_checks

__all__ = ["run_checks"]
