"""What every launcher must do, as tests: a package that adds one inherits them in a test module.

    from wandb_magic.testing.launcher_contract import LauncherContract


    class TestMyLauncher(LauncherContract):
        address = "mine://somewhere"

They start real sweeps, offline, in pytest's temporary folders. pytest itself is not imported here.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wandb_magic.api import Sweep, start
from wandb_magic.records import RunRecord, RunState

STEPS = 3
HELD_STEPS = 600


def _train() -> None:
    """Log a curve, print, and leave a file in the run's folder."""
    import os  # noqa: PLC0415 - as in a user's function
    from pathlib import Path  # noqa: PLC0415 - as above

    import wandb  # noqa: PLC0415 - as above

    with wandb.init() as run:
        for step in range(STEPS):
            run.log({"loss": run.config.lr + step})
        print("weights of", run.id)  # noqa: T201 - the run's output
        Path(os.environ["WANDB_MAGIC_RUN_FOLDER"], "weights.bin").write_bytes(bytes(1000))


def _fail() -> None:
    """Fail the first time; continue from what was saved when resumed."""
    import os  # noqa: PLC0415 - as in a user's function
    from pathlib import Path  # noqa: PLC0415 - as above

    import wandb  # noqa: PLC0415 - as above

    saved = Path(os.environ["WANDB_MAGIC_RUN_FOLDER"], "step")
    with wandb.init() as run:
        if not saved.exists():
            run.log({"loss": 1.0})
            saved.write_text("1")
            raise ValueError("no luck")
        run.log({"loss": 0.5})


def _hold() -> None:
    """Log for a minute, unless stopped."""
    import time  # noqa: PLC0415 - as in a user's function

    import wandb  # noqa: PLC0415 - as above

    with wandb.init() as run:
        for _ in range(HELD_STEPS):
            run.log({"loss": run.config.lr})
            time.sleep(0.1)


def _end_soon() -> None:
    """Log for three seconds."""
    import time  # noqa: PLC0415 - as in a user's function

    import wandb  # noqa: PLC0415 - as above

    with wandb.init() as run:
        for step in range(30):
            run.log({"loss": run.config.lr + step})
            time.sleep(0.1)


class LauncherContract:
    """The tests; see the module.

    Attributes
    ----------
    address
        The launcher's address.
    agents
        How many runs it can execute at a time: at least two.
    patience
        How many seconds anything may take.
    """

    address: str = ""
    agents: int = 2
    patience: float = 120.0

    def _start(self, function: Callable[[], object], **settings: object) -> Sweep:
        config: dict[str, Any] = {
            "method": "random",
            "metric": {"name": "loss", "goal": "minimize"},
            "parameters": {"lr": {"min": 0.0, "max": 1.0}},
        }
        options: dict[str, Any] = {"agents": self.agents, "mode": "offline", **settings}
        return start(config, function, launcher=self.address, **options)

    def _wait(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + self.patience
        while not condition():
            assert time.monotonic() < deadline, "it took too long"
            time.sleep(0.05)

    def _end(self, sweep: Sweep) -> list[RunRecord]:
        sweep.wait(timeout=self.patience)
        assert sweep.state in ("finished", "stopped"), sweep.status().cause
        return sweep.records()

    def test_what_runs_leave_is_here(self) -> None:
        """Values, output and files of every run are where those of runs on this machine are."""
        sweep = self._start(_train, count=2 * self.agents + 1)
        runs = self._end(sweep)
        assert Counter(run.state for run in runs) == {RunState.FINISHED: 2 * self.agents + 1}
        assert [run.number for run in runs] == [*range(2 * self.agents + 1)]
        assert all(run.value == run.params["lr"] for run in runs)
        assert len(sweep.history("loss")) == STEPS * len(runs)
        for run in runs:
            folder = sweep.path / "runs" / run.id / "kept"
            assert f"weights of {run.id}" in sweep.logs(run.id)
            assert (folder / "weights.bin").stat().st_size == 1000  # noqa: PLR2004 - as written
            assert Path(run.directory).is_dir()

    def test_a_run_that_fails_says_why_and_can_be_resumed(self) -> None:
        """The cause and the traceback arrive; the run's folder is there when it continues."""
        sweep = self._start(_fail, count=1)
        (run,) = self._end(sweep)
        assert (run.state, run.cause) == (RunState.FAILED, "ValueError: no luck")
        assert 'raise ValueError("no luck")' in sweep.logs(run.id)
        sweep.resume_run(run.id)
        self._wait(lambda: sweep.records()[0].state is RunState.FINISHED)
        assert len(sweep.history("loss")) == 2  # noqa: PLR2004 - one step of each execution
        assert [each.id for each in sweep.records()] == [run.id]

    def test_a_stop_reaches_the_runs(self) -> None:
        """Runs that are stopped end, and no others start."""
        sweep = self._start(_hold, count=2 * self.agents, grace=5.0)
        self._wait(lambda: _active(sweep) == self.agents and len(sweep.history("loss")))
        sweep.stop()
        runs = self._end(sweep)
        assert Counter(run.state for run in runs) == {RunState.STOPPED: self.agents}
        assert len(sweep.history("loss")) < HELD_STEPS  # they have not ended by themselves

    def test_runs_outlive_the_supervisor(self) -> None:
        """A supervisor that is killed and started again adopts the runs: none is started twice."""
        sweep = self._start(_end_soon, count=self.agents + 1)
        self._wait(lambda: _active(sweep) == self.agents and len(sweep.history("loss")))
        before = {run.id for run in sweep.records()}
        supervisor = sweep.status().sweep.supervisor
        assert supervisor is not None
        os.kill(supervisor.pid, signal.SIGKILL)
        self._wait(lambda: sweep.state == "died")
        sweep.resume()
        runs = self._end(sweep)
        assert Counter(run.state for run in runs) == {RunState.FINISHED: self.agents + 1}
        assert before <= {run.id for run in runs}
        assert len(sweep.history("loss")) == 30 * len(runs)


def _active(sweep: Sweep) -> int:
    return sum(run.state is RunState.RUNNING for run in sweep.records())
