"""What every launcher promises the supervisor."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from wandb_magic.bundle import freeze
from wandb_magic.bundle.manifest import inheritable_environment
from wandb_magic.log_records import HistoryRecord
from wandb_magic.paths import SweepPaths
from wandb_magic.processes import is_alive
from wandb_magic.records import RunId, SweepId, new_id
from wandb_magic.runner.events import RunExited, RunLogged, RunnerEvent, RunnerReady, RunStarted
from wandb_magic.runner.launcher import Launcher
from wandb_magic.runner.local_runner import LocalRunner
from wandb_magic.runner.run_process import Job, prepare_run_dir
from wandb_magic.runner.wandb_core import SharedCore
from wandb_magic.runner.wandb_preload import run_environment
from wandb_magic.slots import SlotAllocator, SlotRequest

CELL = """
import pathlib, time, wandb
with wandb.init() as run:
    run.log({"loss": 0.5})
    while run.config.hold and not pathlib.Path(GO).exists():
        time.sleep(0.02)
"""
PATIENCE_S = 90


class Scene:
    """A launcher, what it says, and jobs to give it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = SweepPaths.of(root, SweepId("aaaaaaaa"))
        self.paths.folder.mkdir(parents=True)
        freeze(self.paths.bundle, cell=CELL, namespace={"GO": str(root / "go")})
        self.said: list[RunnerEvent] = []
        self._news = asyncio.Event()

    def hear(self, event: RunnerEvent) -> None:
        self.said.append(event)
        self._news.set()

    async def until(self, condition: Callable[[RunnerEvent], bool]) -> RunnerEvent:
        async def search() -> RunnerEvent:
            while True:
                for event in self.said:
                    if condition(event):
                        return event
                self._news.clear()
                await self._news.wait()

        return await asyncio.wait_for(search(), PATIENCE_S)

    async def ended(self, run: RunId) -> RunExited:
        event = await self.until(lambda event: isinstance(event, RunExited) and event.run == run)
        assert isinstance(event, RunExited)
        return event

    def job(self, *, hold: bool) -> Job:
        run = RunId(new_id())
        folder = self.paths.run(run).folder
        environment = run_environment(
            run=run,
            sweep="aaaaaaaa",
            params=str(folder / "params.yaml"),
            root=str(self.root),
            project="tests",
            entity="",
            mode="offline",
        )
        job = Job(run, folder, self.paths.bundle, environment, seed=1)
        prepare_run_dir(job, json.dumps({"wandb_version": 1, "hold": {"value": hold}}))
        return job


Play = Callable[[Scene, Launcher], Awaitable[None]]


class LauncherContract:
    """Inherited by the tests of each launcher."""

    def make(self, scene: Scene) -> Launcher:
        raise NotImplementedError

    @pytest.fixture
    def perform(self, tmp_path: Path) -> Callable[[Play], Scene]:
        def performer(play: Play) -> Scene:
            async def everything() -> Scene:
                scene = Scene(tmp_path)
                launcher = self.make(scene)
                await launcher.start()
                await play(scene, launcher)
                await launcher.close()
                return scene

            return asyncio.run(everything())

        return performer

    def test_a_run_is_started_followed_and_ended_in_this_order(
        self, perform: Callable[[Play], Scene]
    ) -> None:
        async def play(scene: Scene, launcher: Launcher) -> None:
            job = scene.job(hold=False)
            await launcher.launch(job, {})
            ended = await scene.ended(job.run)
            assert (ended.code, ended.signal, ended.error) == (0, None, "")

        kinds = [type(event) for event in perform(play).said]
        assert kinds.index(RunnerReady) < kinds.index(RunStarted) < kinds.index(RunLogged)
        assert kinds[-1] is RunExited

    def test_all_that_was_logged_is_said_before_the_end(
        self, perform: Callable[[Play], Scene]
    ) -> None:
        async def play(scene: Scene, launcher: Launcher) -> None:
            job = scene.job(hold=False)
            await launcher.launch(job, {})
            await scene.ended(job.run)
            entries = [
                entry
                for event in scene.said
                if isinstance(event, RunLogged)
                for entry in event.entries
            ]
            assert [e.scalars["loss"] for e in entries if isinstance(e, HistoryRecord)] == [0.5]

        perform(play)

    def test_a_signal_reaches_the_run(self, perform: Callable[[Play], Scene]) -> None:
        async def play(scene: Scene, launcher: Launcher) -> None:
            job = scene.job(hold=True)
            await launcher.launch(job, {})
            await scene.until(lambda event: isinstance(event, RunLogged))
            launcher.signal(job.run, signal.SIGTERM, "for the test")
            ended = await scene.ended(job.run)
            assert (ended.code, ended.signal) == (None, signal.SIGTERM)

        perform(play)

    def test_a_run_that_somebody_else_started_is_adopted(
        self, perform: Callable[[Play], Scene]
    ) -> None:
        async def play(scene: Scene, launcher: Launcher) -> None:
            job = scene.job(hold=True)
            await launcher.launch(job, {})
            started = await scene.until(lambda event: isinstance(event, RunStarted))
            assert isinstance(started, RunStarted)
            second = self.make(scene)
            await second.start()
            await second.recover(job, {})
            adopted = scene.said[-1]
            assert adopted == started
            assert is_alive(started.process)
            (scene.root / "go").touch()
            await scene.ended(job.run)
            await second.close()

        perform(play)

    def test_a_run_that_nobody_started_is_started_once(
        self, perform: Callable[[Play], Scene]
    ) -> None:
        async def play(scene: Scene, launcher: Launcher) -> None:
            job = scene.job(hold=False)
            await launcher.recover(job, {})
            assert (await scene.ended(job.run)).code == 0
            assert sum(isinstance(event, RunStarted) for event in scene.said) == 1

        perform(play)


class TestLocal(LauncherContract):
    def make(self, scene: Scene) -> Launcher:
        environment = inheritable_environment(os.environ)
        slots = SlotAllocator(SlotRequest(), environment, "aaaaaaaa")
        return LocalRunner(scene.paths, environment, scene.hear, slots, agents=1, commands=False)


def test_a_run_that_cannot_be_started_frees_its_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [{"id": "GPU-0", "index": 0, "memory": 2**30}]
    environment = {
        **inheritable_environment(os.environ),
        "WANDB_MAGIC_GPUS": json.dumps(listed),
        "WANDB_MAGIC_LEASES": str(tmp_path / "leases"),
    }

    async def fail(_: SharedCore) -> str | None:
        raise OSError("no core")

    async def play() -> None:
        scene = Scene(tmp_path)
        slots = SlotAllocator(SlotRequest(gpus=1), environment, "aaaaaaaa")
        launcher = LocalRunner(
            scene.paths, environment, scene.hear, slots, agents=1, commands=False
        )
        await launcher.start()
        await scene.until(lambda event: isinstance(event, RunnerReady))
        assert launcher.reserve_slot(0, 1) == ""
        assert list((tmp_path / "leases").glob("lease-*"))
        with monkeypatch.context() as patch:
            patch.setattr(SharedCore, "ensure", fail)
            with pytest.raises(OSError, match="no core"):
                await launcher.launch(scene.job(hold=False), {})
        assert not list((tmp_path / "leases").glob("lease-*"))
        job = scene.job(hold=False)
        await launcher.launch(job, {})
        assert (await scene.ended(job.run)).code == 0
        await launcher.close()

    asyncio.run(play())
