"""The W&B server: who we are there, what a sweep is there, and how it is asked.

Nothing here runs code of the user or opens a store. `account` and `creating` ask a child process,
``python -m wandb_magic.remote``, for what only wandb itself can say: the kernel never imports it.
The server's address is always the one that wandb would use.
"""

from wandb_magic.remote.account import Account, account, login_is_likely
from wandb_magic.remote.client import Client
from wandb_magic.remote.creating import create
from wandb_magic.remote.finding import RemoteSweep, find, in_remote_form, set_state
from wandb_magic.remote.links import run_page, sweep_page, web_address

__all__ = [
    "Account",
    "Client",
    "RemoteSweep",
    "account",
    "create",
    "find",
    "in_remote_form",
    "login_is_likely",
    "run_page",
    "set_state",
    "sweep_page",
    "web_address",
]
