"""The verbs: start, find, watch, steer and delete sweeps.

All front ends call these. Nothing here imports wandb or a front end; pandas is imported when a
frame is asked for.
"""

from wandb_magic.verbs.attaching import attach
from wandb_magic.verbs.creating import sweep
from wandb_magic.verbs.dropin import agent
from wandb_magic.verbs.fetching import fetch
from wandb_magic.verbs.finding import sweeps
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.priors import from_study
from wandb_magic.verbs.starting import start
from wandb_magic.verbs.status import Status

__all__ = ["Status", "Sweep", "agent", "attach", "fetch", "from_study", "start", "sweep", "sweeps"]
