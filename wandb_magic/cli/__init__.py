"""The command line ``wandb-magic``: sweeps of programs, and all verbs of the magic."""

from wandb_magic.cli.main import main

__all__ = ["main"]
