"""Makes the jobs with which a runner starts runs, from the runs' records."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from typing import Any

import yaml

from wandb_magic.paths import FOLDER_MODE, SweepPaths, write_exclusively
from wandb_magic.postmortem.hold_file import HOLD_VARIABLE, Hold, read_hold, read_note
from wandb_magic.postmortem.limits import DEBUG_MB_VARIABLE
from wandb_magic.records import Params, RunId, RunRecord, SweepRecord
from wandb_magic.runner.run_process import Job
from wandb_magic.runner.wandb_preload import OUTAGE_ENV, run_environment
from wandb_magic.spec import Spec
from wandb_magic.spec.command import args_json, expand
from wandb_magic.supervisor.checkpoint_copy import copy_checkpoint

RUN_FOLDER_ENV = "WANDB_MAGIC_RUN_FOLDER"
"""Holds the path of a run's folder for its own files, which all of its executions share."""
SEED_ENV = "WANDB_MAGIC_SEED"
"""Holds the seed of a run, for programs and for generators that are not global."""


class JobFactory:
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
        self.spec = spec
        self.environment = environment
        self._commands = commands

    def make_job(self, run: RunRecord, agents: int) -> Job:
        """Return the job of a run, one of `agents` at a time."""
        paths = self.paths.run(run.id).latest_execution
        environment = run_environment(
            run=run.id,
            sweep=self._sweep.id,
            params=str(paths.params),
            root=str(self.paths.root),
            project=self._sweep.project,
            entity=self._sweep.entity,
            mode=self._sweep.mode,
        )
        environment[RUN_FOLDER_ENV] = str(paths.persistent_dir)
        environment[SEED_ENV] = str(run_seed(self._sweep.options.seed, run.number))
        environment[HOLD_VARIABLE] = f"{self._sweep.options.hold:g}"
        environment[DEBUG_MB_VARIABLE] = str(self._sweep.options.debug_mb)
        if paths.execution:
            # A run that ended before it reached the server must be allowed to start there.
            environment["WANDB_RESUME"] = "allow"
        if self._sweep.mode == "online":
            environment |= {
                name: value for name, value in OUTAGE_ENV.items() if name not in self.environment
            }
        return Job(
            run=run.id,
            folder=paths.folder,
            bundle=self.paths.bundle,
            environment=environment,
            seed=run_seed(self._sweep.options.seed, run.number),
            command=self._command(run) if self._commands else (),
            execution=paths.execution,
            agent=run.agent,
            agents=agents,
        )

    def start_next_execution(self, run: RunId) -> None:
        """Make the run's next job another execution, if it has had one."""
        paths = self.paths.run(run)
        if paths.folder.exists():
            paths.start_next_execution()

    def has_saved_state(self, run: RunId) -> bool:
        """Return whether there is anything in the folder that the run's executions share."""
        folder = self.paths.run(run).persistent_dir
        return folder.is_dir() and any(folder.iterdir())

    def copy_saved_state(self, parent: RunId, run: RunId) -> None:
        """Copy what a run has saved, the first time that a fork of it starts."""
        copy_checkpoint(self.paths.run(parent).persistent_dir, self.paths.run(run).persistent_dir)

    def was_signalled(self, run: RunId) -> bool:
        """Return whether the run's latest execution was sent a signal."""
        return self.paths.run(run).latest_execution.stop.exists()

    def is_held(self, run: RunId) -> bool:
        """Return whether a run has failed, and its process is kept for a debugger."""
        return read_hold(self.paths.run(run).latest_execution) is not None

    def take_hold(self, run: RunId) -> Hold | None:
        """Return the note of a held run whose process was killed, and remove what it has left."""
        paths = self.paths.run(run).latest_execution
        note = read_note(paths) if self._sweep.options.hold else None
        if note is not None:
            note.remove()
            paths.hold.unlink(missing_ok=True)
        return note

    def claim_unstarted(self, run: RunId) -> bool:
        """Prevent the run's latest execution from starting; return whether it had not started."""
        paths = self.paths.run(run).latest_execution
        paths.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if write_exclusively(paths.process, "null"):
            return True
        # An earlier supervisor may have been killed right after this step.
        return paths.process.read_bytes() == b"null"

    def exempt_from_pruning(self, run: RunId) -> None:
        """Exempt a run from early termination, because a user has resumed it."""
        self.paths.run(run).pruning_exempt.touch()

    def is_pruning_exempt(self, run: RunId) -> bool:
        """Return whether the run is exempt from early termination."""
        return self.paths.run(run).pruning_exempt.exists()

    def _command(self, run: RunRecord) -> tuple[str, ...]:
        json_file = self.paths.run(run.id).folder / "params.json"
        if "${args_json_file}" in self.spec.command:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(args_json(run.params), encoding="utf-8")
        return tuple(
            expand(
                self.spec.command,
                run.params,
                program=self.spec.program,
                # W&B uses `python`, which need not be the interpreter of the notebook's kernel.
                interpreter=sys.executable,
                json_file=str(json_file),
                environment=self.environment,
            )
        )


def run_seed(seed: int, number: int) -> int:
    """Return the seed of run `number`'s own global generators: the same for each attempt."""
    digest = hashlib.sha256(json.dumps([seed, number]).encode()).digest()
    return int.from_bytes(digest[:4], "big")


def params_yaml(params: Params) -> str:
    """Return parameters as the YAML that wandb reads."""
    document: dict[str, Any] = {"wandb_version": 1}
    document |= {name: {"value": value} for name, value in params.items()}
    return yaml.safe_dump(document, sort_keys=False)
