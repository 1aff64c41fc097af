"""The public API: start, find, watch, control and delete sweeps.

All front ends use it. It imports neither wandb nor a front end; pandas is imported when a frame
is requested.
"""

from wandb_magic.api._attach import attach
from wandb_magic.api._fetch import fetch
from wandb_magic.api._local_sweeps import sweeps
from wandb_magic.api._priors import from_study
from wandb_magic.api._start import start
from wandb_magic.api._status import Status
from wandb_magic.api._sweep import Sweep
from wandb_magic.api._wandb_compat import agent, sweep

__all__ = ["Status", "Sweep", "agent", "attach", "fetch", "from_study", "start", "sweep", "sweeps"]
