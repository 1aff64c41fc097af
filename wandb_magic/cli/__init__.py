"""The command line ``wandb-magic``: starts sweeps of programs, and has all verbs of the magic."""

from wandb_magic.cli.main import main

__all__ = ["main"]
