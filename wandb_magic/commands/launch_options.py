"""Converts parsed options to the launch options of a sweep."""

from __future__ import annotations

import argparse
import re
import secrets
from collections.abc import Sequence

from wandb_magic.api._options import LaunchOptions
from wandb_magic.arguments import check_bytes
from wandb_magic.commands.parser import UsageError
from wandb_magic.records import Options

_DURATION = re.compile(r"(\d+(?:\.\d+)?) ?([smhd]?)")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def launch_options(options: argparse.Namespace) -> LaunchOptions:
    """Return the launch options.

    Raises
    ------
    UsageError
        If a duration or an environment variable is malformed.
    """
    return LaunchOptions(
        count=options.count,
        agents=options.agents,
        name=options.name,
        project=options.project,
        entity=options.entity,
        mode=options.mode,
        options=Options(
            seed=secrets.randbits(31) if options.seed is None else options.seed,
            sampler=options.sampler,
            retries=options.retries,
            run_timeout=None
            if options.run_timeout is None
            else parse_duration(options.run_timeout),
            failure_limit=options.failure_limit,
            gpus_per_run=options.gpus_per_run,
            gpu_memory=check_bytes("gpu_memory", options.gpu_memory),
            debug_mb=options.debug_mb,
            hold=options.hold,
            notify=tuple(options.notify),
            repeat=options.repeat,
            max_time=None if options.max_time is None else parse_duration(options.max_time),
            max_cost=options.max_cost,
            price_per_hour=options.price_per_hour,
            until_flat=options.until_flat,
        ),
        env=_parse_environment(options.env),
        prior=options.prior,
        launcher=options.launcher,
        launcher_options=options.launcher_options,
        ask=options.ask,
    )


def parse_duration(text: str) -> float:
    """Return a duration such as ``90``, ``90s``, ``10m`` or ``2h`` in seconds.

    Raises
    ------
    UsageError
        If it has another format.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is not a duration: write 90, 90s, 10m or 2h")
    return float(match[1]) * _UNIT_SECONDS[match[2]]


def _parse_environment(pairs: Sequence[str]) -> dict[str, str]:
    environment = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UsageError(f"--env {pair}: write NAME=VALUE")
        environment[name] = value
    return environment
