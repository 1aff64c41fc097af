"""Temporarily gives this process the seed of a run, and its parameters for ``wandb.init``.

W&B reads its environment variables once in a process; ``wandb.teardown`` makes it read them again.
wandb is never imported here: as long as the user has not imported it, setting them is enough.
"""

from __future__ import annotations

import builtins
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from wandb_magic.bundle.library_state import set_random_state
from wandb_magic.bundle.manifest import STALE
from wandb_magic.errors import SweepStateError
from wandb_magic.paths import FOLDER_MODE
from wandb_magic.reproduce.source_run import SourceRun
from wandb_magic.runner.run_process import seed_generators
from wandb_magic.supervisor.job_factory import RUN_FOLDER_ENV, SEED_ENV

SERVICE = "WANDB_SERVICE"  # the wandb-core of this process
KEPT = frozenset({"WANDB_DIR", "WANDB_JUPYTER", "WANDB_NOTEBOOK_NAME"})


class Replay:
    """Seeds this process, and provides a run's parameters to ``wandb.init()`` until it ends.

    It ends with the cell that created it, or with the block if it is used in a ``with`` statement.

    Parameters
    ----------
    source_run
        The run.

    Raises
    ------
    SweepStateError
        If a W&B run is open in this process.
    """

    _active: ClassVar[Replay | None] = None

    def __init__(self, source_run: SourceRun) -> None:
        if Replay._active is not None:
            Replay._active.end()
        wandb: Any = sys.modules.get("wandb")
        open_run = getattr(wandb, "run", None)
        # A disabled run stays open forever.
        if open_run is not None and not open_run.disabled:
            raise SweepStateError(
                "a W&B run is open in this process: end it with wandb.finish(), then replay"
            )
        self._title = source_run.title
        self._folder = Path(tempfile.mkdtemp(prefix="wandb-magic-replay-"))
        self._saved_environment = {
            name: value
            for name, value in os.environ.items()
            if name in _wandb_variables() or (name in STALE and name not in KEPT)
        }
        if wandb is not None:
            # The wandb-core that it names is stopped below, and wandb starts another.
            self._saved_environment.pop(SERVICE, None)
        self._ended = False
        run_folder = self._folder / "kept"
        run_folder.mkdir(mode=FOLDER_MODE)
        params = self._folder / "params.yaml"
        params.write_text(source_run.params, encoding="utf-8")
        for name in (*self._saved_environment, SERVICE):
            os.environ.pop(name, None)
        os.environ |= {
            "WANDB_MODE": "offline",
            "WANDB_SWEEP_PARAM_PATH": str(params),
            "WANDB_PROJECT": source_run.sweep.project,
            RUN_FOLDER_ENV: str(run_folder),
            SEED_ENV: str(source_run.seed),
        }
        _reset_wandb_settings()
        self._shell: Any = running_shell()
        if self._shell is not None:
            self._shell.events.register("post_run_cell", self._after_cell)
        Replay._active = self
        seed_generators(source_run.seed)
        with contextlib.suppress(SweepStateError):  # its code is not here
            set_random_state(source_run.manifest.random_state)

    def end(self, exit_code: int = 0) -> None:
        """Finish the W&B run, if one is open, and restore everything."""
        if self._ended:
            return
        self._ended = True
        Replay._active = None
        if self._shell is not None:
            self._shell.events.unregister("post_run_cell", self._after_cell)
        wandb: Any = sys.modules.get("wandb")
        try:
            if getattr(wandb, "run", None) is not None:
                wandb.finish(exit_code=exit_code)
        finally:
            for name in (*_wandb_variables(), *(STALE - KEPT)):
                os.environ.pop(name, None)
            os.environ.update(self._saved_environment)
            _reset_wandb_settings()
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Replay:  # noqa: PYI034 - `Self` came with Python 3.11
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.end(0 if kind is None else 1)

    def __repr__(self) -> str:
        return f"<Replay of {self._title}{', ended' if self._ended else ''}>"

    def _after_cell(self, result: Any) -> None:  # noqa: ANN401 - IPython's types are not known here
        self.end(0 if getattr(result, "success", True) else 1)


def _wandb_variables() -> tuple[str, ...]:
    return ("WANDB_MODE", "WANDB_SWEEP_PARAM_PATH", "WANDB_PROJECT", RUN_FOLDER_ENV, SEED_ENV)


def _reset_wandb_settings() -> None:
    wandb: Any = sys.modules.get("wandb")
    if hasattr(wandb, "teardown"):
        wandb.teardown()


def running_shell() -> Any:  # noqa: ANN401 - as above
    """Return IPython's shell; None where there is none."""
    shell = getattr(builtins, "get_ipython", lambda: None)()
    return shell if hasattr(shell, "events") else None
