"""Sends requests to the W&B server: the account, sweeps, and their states.

Nothing here runs user code or opens a store. `account` and `create_sweep` use a child process,
``python -m wandb_magic.wandb_client``, for what only wandb itself can answer: the kernel never
imports it. The server's address is always the one that wandb would use.
"""

from wandb_magic.wandb_client.account import Account, account, has_credentials
from wandb_magic.wandb_client.client import WandbClient
from wandb_magic.wandb_client.links import run_page, sweep_page, web_address
from wandb_magic.wandb_client.sweeps import (
    RemoteSweep,
    create_sweep,
    get_sweep,
    is_sweep_path,
    set_state,
)

__all__ = [
    "Account",
    "RemoteSweep",
    "WandbClient",
    "account",
    "create_sweep",
    "get_sweep",
    "has_credentials",
    "is_sweep_path",
    "run_page",
    "set_state",
    "sweep_page",
    "web_address",
]
