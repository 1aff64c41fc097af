"""The run to reproduce, with everything that determines what it computes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from wandb_magic.bundle import Manifest
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import SweepPaths, wandb_folder
from wandb_magic.records import RunRecord, SweepRecord
from wandb_magic.supervisor.job_factory import params_yaml, run_seed


@dataclass(frozen=True)
class SourceRun:
    """A run of a sweep.

    Attributes
    ----------
    paths, sweep, run
        The sweep and its run.
    summary
        The run's summary.
    """

    paths: SweepPaths
    sweep: SweepRecord
    run: RunRecord
    summary: Mapping[str, Any]

    @cached_property
    def manifest(self) -> Manifest:
        """The table of contents of the sweep's bundle.

        Raises
        ------
        SweepStateError
            If the code is not here.
        """
        if self.sweep.options.copied:
            raise SweepStateError(
                f"the code of sweep {self.sweep.id} is not here: this is a copy of a W&B sweep"
            )
        try:
            return Manifest.read(self.paths.bundle)
        except (OSError, ValueError, KeyError, TypeError):
            raise SweepStateError(
                f"the code of sweep {self.sweep.id} is not here: {self.paths.bundle} holds no "
                "bundle"
            ) from None

    @property
    def params(self) -> str:
        """The parameters as the YAML that wandb reads."""
        return params_yaml(self.run.params)

    @property
    def seed(self) -> int:
        """The seed of the run's global generators."""
        return run_seed(self.sweep.options.seed, self.run.number)

    @property
    def title(self) -> str:
        """The description of the run in a sentence."""
        name, sweep_id = self.sweep.name, self.sweep.id
        sweep = sweep_id if name == sweep_id else f"{name} ({sweep_id})"
        return f"run {self.run.number} ({self.run.id}) of the sweep {json.dumps(sweep)[1:-1]}"

    @property
    def requirements(self) -> Path | None:
        """W&B's list of the packages installed when it ran, wherever its folder is now."""
        if not self.run.directory:
            return None
        directory = Path(self.run.directory)
        for folder in (directory, wandb_folder(self.paths.root) / directory.name):
            file = folder / "files" / "requirements.txt"
            if file.is_file():
                return file
        return None
