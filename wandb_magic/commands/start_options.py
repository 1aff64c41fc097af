"""The options with which a sweep is started, in a cell and in a terminal.

As little is imported here as in `parser`.
"""

from __future__ import annotations

from typing import Any

MODES = ("auto", "offline", "online")
SAMPLERS = ("auto", "gp", "tpe", "cmaes", "random")

NUMBER: dict[str, Any] = {"metavar": "N", "type": int}

START_OPTIONS: dict[str, dict[str, Any]] = {
    "--count": {
        **NUMBER,
        "help": "how many runs to start; a grid may do without, and run_cap counts, too",
    },
    "--agents": {
        **NUMBER,
        "default": 1,
        "help": "how many runs at a time (%(default)s); several agents share out the GPUs",
    },
    "--name": {"help": "the sweep's name"},
    "--project": {"help": "the W&B project"},
    "--entity": {"help": "the W&B user or team"},
    "--mode": {
        "choices": MODES,
        "default": "auto",
        "help": "with or without W&B's server (%(default)s: online if W&B finds an API key)",
    },
    "--seed": {
        **NUMBER,
        "help": "seeds the search and the global generators of each run; with one agent the whole "
        "sweep can be repeated",
    },
    "--sampler": {
        "choices": SAMPLERS,
        "default": "auto",
        "help": "what stands behind the method bayes (%(default)s)",
    },
    "--prior": {
        "metavar": "SWEEP",
        "help": "a sweep whose runs bayes learns from, or the file of an Optuna study",
    },
    "--env": {
        "metavar": "NAME=VALUE",
        "action": "append",
        "default": [],
        "help": "an environment variable for the runs; may be given again",
    },
    "--run-timeout": {"metavar": "TIME", "help": "stop a run after this: 90, 90s, 10m, 2h"},
    "--retries": {**NUMBER, "default": 0, "help": "start a broken run again (%(default)s times)"},
    "--failure-limit": {
        **NUMBER,
        "default": 3,
        "help": "pause when the first N runs all failed, 0 for never (%(default)s)",
    },
    "--wait": {"action": "store_true", "help": "wait until the sweep ends"},
}
CELL_OPTIONS: dict[str, dict[str, Any]] = {
    "--exclude": {
        "metavar": "NAMES",
        "action": "append",
        "default": [],
        "help": "variables that stay behind, with commas between them",
    },
    "--include": {
        "metavar": "NAMES",
        "action": "append",
        "default": [],
        "help": "variables that go along though the cell does not name them, or only in a string",
    },
    "--rerun-cells": {
        "action": "store_true",
        "help": "let each run execute again the cells that define what cannot be handed over, a "
        "database connection say",
    },
    "--random-state": {
        "action": "store_true",
        "help": "let each run begin with the notebook's random state (of random, NumPy, PyTorch, "
        "Keras, TensorFlow), so that all draw the same numbers",
    },
    "--out": {"metavar": "NAME", "help": "also bind the sweep to this variable"},
}
