"""The contract of launchers, for the example of the guide and for our own."""

import os
import re
import sys
from pathlib import Path

import pytest

from tests.launchers.conftest import Cluster
from wandb_magic.testing.launcher_contract import LauncherContract

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "launchers.md"
SSH = """#!/bin/sh
# Like ssh, it leaves the machine's environment behind; it executes its script here.
while [ "$1" = -o ]; do shift 2; done
shift
exec env -i PATH="$PATH" HOME="$HOME" "$@"
"""


def install(folder: Path, scheme: str, plugin: str, source: str) -> None:
    """Install a module with the entry point of a launcher."""
    module = plugin.partition(":")[0]
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"{module}.py").write_text(source, "utf-8")
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", "utf-8"
    )
    entry = f"[wandb_magic.launchers]\n{scheme} = {plugin}\n"
    (info / "entry_points.txt").write_text(entry, "utf-8")


@pytest.mark.slow(40)
class TestExampleOfTheGuide(LauncherContract):
    address = "ssh://alpha,beta"

    @pytest.fixture(autouse=True)
    def _example(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        example = re.findall(r"```py\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)[0]
        assert len([line for line in example.splitlines() if line.strip()]) <= 100
        install(tmp_path / "site", "ssh", "ssh_launcher:SshPlugin", example)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(SSH)
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        assert sys.path[0] == str(tmp_path / "site")


@pytest.mark.full("the tests of `test_dask_launcher.py`, and the contract for the guide's example")
@pytest.mark.slow(40)
class TestDask(LauncherContract):
    @pytest.fixture(autouse=True)
    def _cluster(self, cluster: Cluster) -> None:
        self.address = cluster.address
