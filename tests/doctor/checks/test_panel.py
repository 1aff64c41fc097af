"""The panel in a real Jupyter server, with settings that Jupyter itself wrote."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from wandb_magic.doctor.checks import panel
from wandb_magic.doctor.checks.extension_info import LAB_EXTENSION, extension_info
from wandb_magic.doctor.diagnostics import Diagnostic, Level
from wandb_magic.doctor.environment import Environment
from wandb_magic.server.handlers import API_ROOT

Bad = Callable[[list[Diagnostic]], list[Diagnostic]]
BARE = Path(__file__).parents[3] / ".venvs" / "wandb-oldest" / "bin" / "python"
PATIENCE_S = 60


def answers(file: Path) -> bool:
    try:
        url = json.loads(file.read_text())["url"]
        with urllib.request.urlopen(f"{url}api", timeout=PATIENCE_S):
            return True
    except (OSError, ValueError):  # it is not there yet, or half written
        return False


@contextmanager
def server(*options: str) -> Iterator[int]:
    """Run a server of this environment; its process id, once it can be found and answers."""
    runtime = Path(os.environ["JUPYTER_RUNTIME_DIR"])
    words = ["--no-browser", "--port=0", "--ServerApp.allow_root=True", *options]
    with subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not answers(runtime / f"jpserver-{process.pid}.json"):
                assert process.poll() is None, "the server has ended"
                assert time.monotonic() < deadline, "the server does not come up"
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()


def test_the_question_is_one_that_the_extension_answers() -> None:
    assert panel.PROBE_PATH.rpartition("/")[0] == API_ROOT


def test_a_server_with_the_panel_is_well() -> None:
    with server() as pid:
        (found,) = panel.servers_of(Environment())
        assert found.pid == pid
        assert found.is_extension_loaded() is True
        first, second = panel.check(Environment())
    assert (first.level, second.level) == (Level.OK, Level.OK)
    assert sys.prefix in first.text
    assert "one environment" in second.text
    assert panel.servers_of(Environment()) == []


def test_a_kernel_asks_the_server_that_it_belongs_to() -> None:
    inside = SimpleNamespace(kernel=object())
    with server() as pid:
        (own,) = panel.servers_of(Environment(inside, {"JPY_PARENT_PID": str(pid)}))
        assert own.pid == pid
        other = Environment(inside, {"JPY_PARENT_PID": str(os.getpid())})
        assert panel.servers_of(other) == []
        (finding,) = panel.check(other)
    assert "does not belong to a local Jupyter server" in finding.text


def test_a_server_that_has_not_loaded_it_is_noticed(bad: Bad) -> None:
    with server("--ServerApp.jpserver_extensions={'wandb_magic': False}"):
        (found,) = panel.servers_of(Environment())
        assert found.is_extension_loaded() is False
        (finding,) = bad(list(panel.check(Environment())))
        assert found.token
        assert found.token not in repr(found) + repr(finding)
    assert "has not loaded" in finding.text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(
            ("server", "extension", "disable", "wandb_magic"),
            "not enabled",
            marks=pytest.mark.full("what was told to JupyterLab"),
        ),
        (("labextension", "disable", LAB_EXTENSION), "disabled in JupyterLab"),
    ],
    ids=["server", "lab"],
)
def test_what_jupyter_was_told_is_noticed_and_the_remedy_undoes_it(
    words: tuple[str, ...], said: str, bad: Bad, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The environment's own settings are left alone: the servers of other tests read them. Jupyter
    # changes the user's settings of a server extension only if they name it already.
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    installed = Path(sys.prefix, "etc", "jupyter", "jupyter_server_config.d")
    shutil.copytree(installed, Path(os.environ["JUPYTER_CONFIG_DIR"], installed.name))
    level = ("--user",) if words[0] == "server" else ("--level=user",)
    subprocess.run(
        [sys.executable, "-m", "jupyter", *words, *level], check=True, capture_output=True
    )
    (finding,) = bad(list(panel.check(Environment())))
    assert said in finding.text
    command = finding.remedy.partition("  #")[0]
    subprocess.run([*command.split(), *level], check=True, capture_output=True)
    assert not bad(list(panel.check(Environment())))


def test_the_environment_of_a_server_may_be_another_one(bad: Bad) -> None:
    there = json.loads(
        subprocess.run(
            [BARE, "-c", Path(extension_info.__code__.co_filename).read_text()],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    assert there["prefix"] == str(BARE.parents[1])
    assert there["version"]
    assert not there["front_end"]
    (finding,) = bad(
        list(panel._extension_diagnostics(Environment(), {**there, "python": str(BARE)}))
    )
    assert "front end of wandb-magic is not installed" in finding.text
    assert finding.remedy.startswith(f"{BARE} -m pip install")


@pytest.mark.parametrize(("version", "unsafe"), [("2.17.9", True), ("2.18.0", False), ("", False)])
def test_a_jupyter_server_with_a_known_hole_is_noticed(version: str, *, unsafe: bool) -> None:
    found = list(
        panel._vulnerability(Environment(), {"server": version, "python": "/there/python"})
    )
    assert bool(found) is unsafe
    for each in found:
        assert each.level is Level.NOTE
        assert "CVE-2026-40934" in each.text
        assert '/there/python -m pip install -U "jupyter_server>=2.18.0"' in each.remedy
