"""From a run's record to what a host needs to start it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from typing import Any

import yaml

from wandb_magic.paths import FOLDER_MODE, SweepPaths, write_exclusively
from wandb_magic.records import Params, RunId, RunRecord, SweepRecord
from wandb_magic.run import Job
from wandb_magic.spec import Spec
from wandb_magic.spec.command import args_json, expand
from wandb_magic.supervisor.resources import devices_of_agent
from wandb_magic.warm import PATIENCE, run_environment

RUN_FOLDER = "WANDB_MAGIC_RUN_FOLDER"
"""Names a run's own folder for its files; an execution finds there what an earlier one left."""


class Jobs:
    """Makes the jobs of one sweep.

    Parameters
    ----------
    paths
        The sweep's paths.
    sweep, spec
        The sweep and its config.
    environment
        The supervisor's environment.
    commands
        Whether the runs are the spec's command.
    """

    def __init__(
        self,
        paths: SweepPaths,
        sweep: SweepRecord,
        spec: Spec,
        environment: Mapping[str, str],
        *,
        commands: bool,
    ) -> None:
        self.paths = paths
        self._sweep = sweep
        self._spec = spec
        self.environment = environment
        self._commands = commands

    def job(self, run: RunRecord, agents: int) -> Job:
        """Return the job of a run; so many `agents` share out the GPUs."""
        paths = self.paths.run(run.id).newest
        environment = run_environment(
            run=run.id,
            sweep=self._sweep.id,
            params=str(paths.params),
            root=str(self.paths.root),
            project=self._sweep.project,
            entity=self._sweep.entity,
            mode=self._sweep.mode,
        )
        environment[RUN_FOLDER] = str(paths.kept)
        if paths.execution:
            # A run that ended before it reached the server must be allowed to begin there.
            environment["WANDB_RESUME"] = "allow"
        if self._sweep.mode == "online":
            known = self.environment
            environment |= {name: each for name, each in PATIENCE.items() if name not in known}
        environment |= devices_of_agent(run.agent, agents, self.environment)
        return Job(
            run=run.id,
            folder=paths.folder,
            bundle=self.paths.bundle,
            environment=environment,
            seed=seed_of(self._sweep.options.seed, run.number),
            command=self._command(run) if self._commands else (),
            execution=paths.execution,
        )

    def begin_another(self, run: RunId) -> None:
        """See to it that the run's next job is another execution, if there has been one."""
        paths = self.paths.run(run)
        if paths.folder.exists():
            paths.begin_another()

    def told_to_stop(self, run: RunId) -> bool:
        """Tell whether the run's newest execution was sent a signal."""
        return self.paths.run(run).newest.stop.exists()

    def forestall(self, run: RunId) -> bool:
        """See to it that the run's newest execution never begins; tell whether it had not."""
        paths = self.paths.run(run).newest
        paths.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if write_exclusively(paths.process, "null"):
            return True
        # An earlier supervisor may have come so far, and no further.
        return paths.process.read_bytes() == b"null"

    def spare(self, run: RunId) -> None:
        """Keep the sweep's rule for ending poor runs from this one: somebody wants it."""
        self.paths.run(run).spared.touch()

    def spared(self, run: RunId) -> bool:
        """Tell whether the sweep's rule for ending poor runs is to leave this one alone."""
        return self.paths.run(run).spared.exists()

    def _command(self, run: RunRecord) -> tuple[str, ...]:
        json_file = self.paths.run(run.id).folder / "params.json"
        if "${args_json_file}" in self._spec.command:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(args_json(run.params), encoding="utf-8")
        return tuple(
            expand(
                self._spec.command,
                run.params,
                program=self._spec.program,
                # W&B says `python`, which in a kernel need not be the notebook's own.
                interpreter=sys.executable,
                json_file=str(json_file),
                environment=self.environment,
            )
        )


def seed_of(seed: int, number: int) -> int:
    """Return the seed of run `number`'s own global generators: the same for each attempt."""
    digest = hashlib.sha256(json.dumps([seed, number]).encode()).digest()
    return int.from_bytes(digest[:4], "big")


def parameters(params: Params) -> str:
    """Return parameters as the YAML that wandb reads."""
    document: dict[str, Any] = {"wandb_version": 1}
    document |= {name: {"value": value} for name, value in params.items()}
    return yaml.safe_dump(document, sort_keys=False)
