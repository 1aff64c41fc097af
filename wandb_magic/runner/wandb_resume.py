"""Makes wandb resume an offline run in a later execution, as W&B's server does online.

Offline, wandb ignores ``WANDB_RESUME``: the steps would start at 0 again, without what was logged
before. What the server would answer to ``wandb.init`` (the next step, the summary, the config, the
run time) is read from the run's own logs and added to wandb-core's answer; wandb handles the rest.
This is the only module that knows where wandb processes that answer. Online it does nothing.
"""

from __future__ import annotations

import functools
import json
import re
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from wandb_magic.paths import RunPaths
from wandb_magic.records import RunId
from wandb_magic.wandb_log.resume_state import ResumeState, read_resume_state

_TIMESTAMP = re.compile(r"run-(\d{8}_\d{6})-")
_POLL_S = 0.02


def patch_wandb_resume(run: RunId, paths: RunPaths) -> None:
    """Make every ``wandb.init`` of the run in this process continue where its logs end."""
    earlier = _logged_directories(paths)
    if not earlier:
        return
    _wait_for_next_second(earlier)
    import wandb  # noqa: PLC0415 - half a second, and only here

    run_class: Any = wandb.Run
    set_run_obj = run_class._set_run_obj  # noqa: SLF001 - a contract test covers both versions

    @functools.wraps(set_run_obj)
    def set_resumed_run_obj(self: Any, answer: Any) -> None:  # noqa: ANN401 - wandb's own types
        settings = self._settings
        resumed: ResumeState | None = None
        if settings._offline and answer.run_id == run:  # noqa: SLF001 - as above
            current = Path(settings.sync_dir).name
            resumed = read_resume_state(
                directory for directory in _logged_directories(paths) if directory.name != current
            )
            if resumed.has_begun:
                _fill_in_answer(answer, resumed)
        set_run_obj(self, answer)
        if resumed is not None:
            _restore_config(self, resumed)

    run_class._set_run_obj = set_resumed_run_obj  # noqa: SLF001 - as above
    step = run_class.step
    # Newer wandb queries wandb-core, which has the step only after the first log.
    run_class.step = property(
        lambda self: max(step.fget(self), self._starting_step),
        doc=step.__doc__,
    )


def _fill_in_answer(answer: Any, resumed: ResumeState) -> None:  # noqa: ANN401 - wandb's own type
    """Add to an answer about a new run what the server would answer for a resumed one."""
    answer.resumed = True
    answer.starting_step = resumed.next_step
    answer.runtime = int(resumed.runtime)
    for key, value in resumed.summary.items():
        answer.summary.update.add(key=key, value_json=json.dumps(value))


def _restore_config(run: Any, resumed: ResumeState) -> None:  # noqa: ANN401 - wandb's own type
    """Restore missing config keys; values passed to ``init`` take precedence, as online."""
    keys = set(run.config.keys())
    missing = {key: value for key, value in resumed.config.items() if key not in keys}
    if missing:
        run.config.update(missing)


def _logged_directories(paths: RunPaths) -> list[Path]:
    try:
        return [Path(line) for line in paths.wandb.read_text("utf-8", "replace").splitlines()]
    except FileNotFoundError:
        return []


def _wait_for_next_second(earlier: list[Path]) -> None:
    """Wait until the second in which the newest folder was created is over.

    wandb names its folders by the second, and before 0.31 would write into the same one again.
    """
    match = _TIMESTAMP.search(earlier[-1].name)
    # Wait at most one second: the clock may have been set back.
    deadline = time.monotonic() + 1.0
    while match is not None and time.monotonic() < deadline:
        now = datetime.now(timezone.utc).astimezone()
        if f"{now:%Y%m%d_%H%M%S}" != match[1]:
            return
        time.sleep(_POLL_S)
