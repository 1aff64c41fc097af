"""What happens on one machine: the template, the runs, their files, the followers of their logs.

A host is told to start and signal runs, and says what became of them. It decides nothing and never
opens the store.
"""

from wandb_magic.host.events import Broken, Ended, Event, Logged, Notice, Ready, Refused, Started
from wandb_magic.host.host import Host

__all__ = ["Broken", "Ended", "Event", "Host", "Logged", "Notice", "Ready", "Refused", "Started"]
