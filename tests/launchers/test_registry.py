"""Which launchers there are, and what users are told about a wrong one."""

import sys
from pathlib import Path

import pytest
from distributed import Client

from tests import sweeps
from wandb_magic.commands.parser import UsageError
from wandb_magic.errors import SpecError
from wandb_magic.launchers import LaunchTarget
from wandb_magic.magics.launcher_name import resolve_launcher

PLUGIN = """
from wandb_magic.arguments import ArgumentError
from wandb_magic.runner.local_runner import LocalRunner
from wandb_magic.slots import SlotAllocator


class Here(LocalRunner):
    async def launch(self, job, positions):
        (job.folder / "launched-by-a-plugin").touch()
        await super().launch(job, positions)


class Plugin:
    @staticmethod
    def check(address):
        if address != "here://":
            raise ArgumentError(f"launcher: {address} is not here")

    @staticmethod
    def create(address, context, emit):
        environment = {**__import__("os").environ, **context.environment}
        slots = SlotAllocator(context.slots, environment, context.sweep)
        return Here(context.paths, environment, emit, slots, agents=1, commands=False)
"""


def test_a_package_adds_a_launcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    info = site / "here-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "here_launcher.py").write_text(PLUGIN, "utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: here\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(
        "[wandb_magic.launchers]\nhere = here_launcher:Plugin\nbroken = no_such_module:Plugin\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site))
    cell = "import os, wandb\nwith wandb.init() as run: run.log({'loss': int(os.environ['N'])})"
    sweep = sweeps.start(cell, launcher="here://", env={"N": "5"})
    sweep.wait(timeout=60)
    assert sweep.state == "finished"
    run = sweep.records()[0]
    assert run.value == 5
    assert (sweep.path / "runs" / run.id / "launched-by-a-plugin").exists()
    with pytest.raises(SpecError, match="launcher: here://there is not here"):
        sweeps.start(cell, launcher="here://there")
    with pytest.raises(SpecError, match="for broken:// cannot be loaded"):
        sweeps.start(cell, launcher="broken://x")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SpecError, match="need the package distributed: pip install distributed"):
        sweeps.start("pass", launcher="dask://127.0.0.1:8786")


def test_a_client_stands_for_its_cluster() -> None:
    with pytest.raises(UsageError, match="there is no client"):
        resolve_launcher("client", {"other": 3})
    with pytest.raises(UsageError, match="no variable 'mine' that holds a distributed"):
        resolve_launcher("mine", {"mine": 3})
    assert resolve_launcher("dask://host:1", {}) == "dask://host:1"
    with Client(
        n_workers=1, processes=False, dashboard_address="127.0.0.1:0", set_as_default=False
    ) as first:
        assert resolve_launcher("client", {"mine": first, "same": first}) is first
        assert resolve_launcher("mine", {"mine": first}) is first
        with Client(first.cluster, set_as_default=False) as second:
            clients = {"one": first, "two": second}
            with pytest.raises(UsageError, match="several clients: name one of one, two"):
                resolve_launcher("client", clients)
            assert resolve_launcher("client", {**clients, "client": second}) is second
        # Its workers are threads of this process.
        for each in (first, first.cluster):
            with pytest.raises(SpecError, match="lives in this process"):
                sweeps.start("pass", launcher=each)
    with pytest.raises(SpecError, match="has no scheduler"):
        sweeps.start("pass", launcher=first)


def test_what_runs_on_other_machines_receive() -> None:
    target = LaunchTarget("dask://host:1", ("GIVEN", "PATH_OF_MINE"))
    environment = {
        "GIVEN": "1",
        "HOME": "/home/somebody",
        "PATH": "/bin",
        "PATH_OF_MINE": "x",
        "WANDB_API_KEY": "k",
        "WANDB_BASE_URL": "https://host",
        "WANDB_CACHE_DIR": "/here",
        "WANDB_DIR": "/here",
        "WANDB_RUN_ID": "stale",
        "WANDB_MAGIC_LAUNCHER": target.to_json(),
    }
    found = LaunchTarget.from_environment(environment)
    assert found == target
    received = found.run_environment(environment)
    assert set(received) == {"GIVEN", "PATH_OF_MINE", "WANDB_API_KEY", "WANDB_BASE_URL"}
    assert LaunchTarget.from_environment({}) is None
