"""Makes a later execution of an offline run the same run for wandb, as W&B's server does online.

Offline, wandb ignores ``WANDB_RESUME``: the steps would begin at 0 again, and nothing would be
known of what was logged before. What the server would answer to ``wandb.init`` (the next step, the
summary, the config, the run time) is read from the run's own logs and added to the answer of
wandb-core; from there wandb goes its own way. The one module that knows where that answer passes.
Online it does nothing.
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
    """Have every ``wandb.init`` of the run in this process go on where its logs end."""
    earlier = _logged_directories(paths)
    if not earlier:
        return
    _wait_for_next_second(earlier)
    import wandb  # noqa: PLC0415 - half a second, and only here

    its: Any = wandb.Run
    adopt = its._set_run_obj  # noqa: SLF001 - a contract test holds it for both versions

    @functools.wraps(adopt)
    def adopting(self: Any, answer: Any) -> None:  # noqa: ANN401 - wandb's own types
        settings = self._settings
        resumed: ResumeState | None = None
        if settings._offline and answer.run_id == run:  # noqa: SLF001 - as above
            own = Path(settings.sync_dir).name
            resumed = read_resume_state(
                each for each in _logged_directories(paths) if each.name != own
            )
            if resumed.has_begun:
                _fill_in_answer(answer, resumed)
        adopt(self, answer)
        if resumed is not None:
            _restore_config(self, resumed)

    its._set_run_obj = adopting  # noqa: SLF001 - as above
    step = its.step
    # Newer wandb asks wandb-core, which learns of the step with the first log.
    its.step = property(
        lambda self: max(step.fget(self), self._starting_step),
        doc=step.__doc__,
    )


def _fill_in_answer(answer: Any, resumed: ResumeState) -> None:  # noqa: ANN401 - wandb's own type
    """Add to an answer about a new run what it would say of one that is resumed."""
    answer.resumed = True
    answer.starting_step = resumed.next_step
    answer.runtime = int(resumed.runtime)
    for key, value in resumed.summary.items():
        answer.summary.update.add(key=key, value_json=json.dumps(value))


def _restore_config(run: Any, resumed: ResumeState) -> None:  # noqa: ANN401 - wandb's own type
    """Set what the config had and has no more; what ``init`` was given now counts, as online."""
    known = set(run.config.keys())
    missing = {key: value for key, value in resumed.config.items() if key not in known}
    if missing:
        run.config.update(missing)


def _logged_directories(paths: RunPaths) -> list[Path]:
    try:
        return [Path(line) for line in paths.wandb.read_text("utf-8", "replace").splitlines()]
    except FileNotFoundError:
        return []


def _wait_for_next_second(earlier: list[Path]) -> None:
    """Wait until the second is over in which the newest folder was made.

    wandb names its folders by the second, and before 0.31 would write into the same one again.
    """
    found = _TIMESTAMP.search(earlier[-1].name)
    # Wait at most this once: a clock that was set back is no reason to hang.
    deadline = time.monotonic() + 1.0
    while found is not None and time.monotonic() < deadline:
        now = datetime.now(timezone.utc).astimezone()
        if f"{now:%Y%m%d_%H%M%S}" != found[1]:
            return
        time.sleep(_POLL_S)
