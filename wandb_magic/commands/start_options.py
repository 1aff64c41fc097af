"""The options for starting a sweep, in a cell and in a terminal.

Like `parser`, this module imports as little as possible.
"""

from __future__ import annotations

from typing import Any

MODES = ("auto", "offline", "online")
SAMPLERS = ("auto", "gp", "tpe", "cmaes", "random")

NUMBER: dict[str, Any] = {"metavar": "N", "type": int}

START_OPTIONS: dict[str, dict[str, Any]] = {
    "--count": {
        **NUMBER,
        "help": "how many runs to start; optional for a grid, or with run_cap in the config",
    },
    "--repeat": {
        **NUMBER,
        "default": 1,
        "help": "how many runs each set of parameters has, with a seed each (%(default)s); they "
        "count, and one that is plainly worse than the best is not repeated",
    },
    "--for": {
        "metavar": "TIME",
        "dest": "max_time",
        "help": "start no more runs after this: 90, 90s, 10m, 2h; pauses do not count, and active "
        "runs may finish",
    },
    "--cost": {
        "metavar": "AMOUNT",
        "type": float,
        "dest": "max_cost",
        "help": "start no more runs once the sweep has cost this; needs --price-per-hour",
    },
    "--price-per-hour": {
        "metavar": "AMOUNT",
        "type": float,
        "help": "what an hour of this machine costs; with --launcher, an hour of a run",
    },
    "--until-flat": {
        "action": "store_true",
        "help": "end the sweep once other parameters would hardly be better",
    },
    "--agents": {
        **NUMBER,
        "default": 1,
        "help": "how many runs execute at the same time (%(default)s); agents share GPUs and "
        "cores",
    },
    "--launcher": {
        "metavar": "LAUNCHER",
        "help": "where runs execute instead of on this machine: the address of a Dask cluster, "
        "such as dask://host:8786; client, for the client that the notebook holds; or slurm, pbs, "
        "lsf, sge or htcondor",
    },
    "--launcher-options": {
        "metavar": "OPTIONS",
        "help": "what each run needs of the batch system, such as "
        "partition=gpu,gres=gpu:1,mem=16G,walltime=02:00:00",
    },
    "--ask": {
        "action": "store_true",
        "help": "execute the runs yourself: ask for parameters, and tell the results",
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
        "sweep is reproducible",
    },
    "--sampler": {
        "choices": SAMPLERS,
        "default": "auto",
        "help": "the sampler that the method bayes uses (%(default)s)",
    },
    "--prior": {
        "metavar": "SWEEP",
        "help": "a sweep from whose runs bayes learns, or the file of an Optuna study",
    },
    "--env": {
        "metavar": "NAME=VALUE",
        "action": "append",
        "default": [],
        "help": "an environment variable for the runs; may be repeated",
    },
    "--run-timeout": {"metavar": "TIME", "help": "stop a run after this: 90, 90s, 10m, 2h"},
    "--retries": {
        **NUMBER,
        "default": 0,
        "help": "how often to start a failed run again (%(default)s)",
    },
    "--failure-limit": {
        **NUMBER,
        "default": 3,
        "help": "pause if the first N runs all fail; 0 for never (%(default)s)",
    },
    "--gpus-per-run": {
        "metavar": "GPUS",
        "type": float,
        "help": "how many GPUs each run has to itself, or a fraction of one such as 0.5; runs "
        "wait until they are free",
    },
    "--gpu-memory": {
        "metavar": "SIZE",
        "help": "how much GPU memory each run needs, such as 10G: as many share a GPU as fit",
    },
    "--debug-mb": {
        "metavar": "MB",
        "type": float,
        "default": 50.0,
        "help": "how many MB the variables of a failed run may take, for the debugger; 0 keeps "
        "none (%(default)s)",
    },
    "--hold": {
        "metavar": "MINUTES",
        "type": float,
        "default": 0.0,
        "help": "keep the process of a failed run for so long, for `debug`; one run at a time",
    },
    "--notify": {
        "metavar": "RULE",
        "action": "append",
        "default": [],
        "help": "send an alert once: 'best < 0.2', 'failed > 3', 'quiet > 30m', ended, or alert "
        "for each run.alert; may be repeated",
    },
    "--wait": {"action": "store_true", "help": "wait until the sweep ends"},
}
CELL_OPTIONS: dict[str, dict[str, Any]] = {
    "--exclude": {
        "metavar": "NAMES",
        "action": "append",
        "default": [],
        "help": "variables that are not captured, separated by commas",
    },
    "--include": {
        "metavar": "NAMES",
        "action": "append",
        "default": [],
        "help": "variables that are captured although the cell does not use them, or only in a "
        "string",
    },
    "--rerun-cells": {
        "action": "store_true",
        "help": "let each run execute the cells that define variables that cannot be pickled, for "
        "example a database connection",
    },
    "--random-state": {
        "action": "store_true",
        "help": "start each run with the notebook's random state (of random, NumPy, PyTorch, "
        "Keras, TensorFlow), so that all draw the same numbers",
    },
    "--out": {"metavar": "NAME", "help": "also bind the sweep to this variable"},
}
