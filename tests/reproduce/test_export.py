"""A run as a folder: executed by a fresh Python elsewhere, it logs what it had logged."""

import fractions
import importlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wandb_magic.api import Sweep
from wandb_magic.cli.main import run
from wandb_magic.display import launch_summary
from wandb_magic.errors import SweepError, SweepStateError

ENVIRONMENTS = Path(__file__).parents[2] / ".venvs"
OLDEST = ENVIRONMENTS / "wandb-oldest" / "bin" / "python"
Finished = Callable[..., Sweep]
Curves = dict[str, list[float]]
ReadBack = Callable[[Path], tuple[dict[str, Any], Curves]]
Logged = Callable[[Sweep, int], Curves]

CELL = """
import random
import wandb
import numpy as np
from beside import doubled

with wandb.init() as run:
    for step in range(3):
        noise = np.random.rand() + random.random()
        run.log({"loss": run.config.lr + run.config.nested["deep"] + doubled(noise) + total(step)})
"""
PLAIN = """
import wandb
import numpy as np
with wandb.init() as run:
    run.log({"loss": run.config.lr + float(data.sum()) + np.random.rand()})
"""


def execute(
    folder: Path, python: Path | str = sys.executable, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the exported script as somebody who has never heard of this package."""
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    keep = {"PATH", "HOME", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_MAGIC_TEST"}
    environment = {name: value for name, value in os.environ.items() if name in keep}
    return subprocess.run(
        [python, "-W", "ignore", folder / "run.py"],
        cwd=elsewhere,
        env={**environment, **variables},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def notebook(**names: object) -> dict[str, Any]:
    """Return a namespace with a function that was defined in another cell."""
    namespace: dict[str, Any] = {"__name__": "__main__", **names}
    source = "def total(step):\n    return float(data[step:].sum())\n"
    exec(compile(source, "<cell of the notebook>", "exec"), namespace)
    return namespace


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the user's own modules beside the notebook."""
    place = tmp_path / "notebook"
    place.mkdir()
    (place / "beside.py").write_text("import deeper\ndoubled = deeper.doubled\n")
    (place / "deeper").mkdir()
    (place / "deeper" / "__init__.py").write_text("def doubled(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(str(place))


@pytest.mark.slow
@pytest.mark.usefixtures("beside")
def test_a_cell_runs_elsewhere_and_logs_the_same(
    finished: Finished, read_back: ReadBack, logged: Logged, tmp_path: Path
) -> None:
    sweep = finished(CELL, namespace=notebook(data=np.arange(20_000.0) / 7))
    folder = sweep.export(1, tmp_path / "away" / "exported")
    original = logged(sweep, 1)
    assert logged(sweep, 0) != original
    for file in ("run.py", "params.yaml", "README.md", "requirements.txt", "deeper/__init__.py"):
        assert (folder / file).is_file()
    lines = CELL.strip().splitlines()
    assert (folder / "run.py").read_text("utf-8").splitlines()[-len(lines) :] == lines
    pinned = (folder / "requirements.txt").read_text("utf-8")
    assert f"numpy=={np.__version__}\n" in pinned
    assert "wandb==" in pinned
    assert "beside" not in pinned
    readme = (folder / "README.md").read_text("utf-8")
    assert repr(original["loss"][-1]) in readme
    for each in folder.rglob("*"):
        assert not each.is_file() or b"verysecret" not in each.read_bytes()

    done = execute(folder, OLDEST)
    assert done.returncode == 0, done.stderr
    config, curves = read_back(tmp_path / "away" / "elsewhere")
    assert curves == original
    record = next(each for each in sweep.records() if each.number == 1)
    assert config["lr"] == record.params["lr"]

    other = execute(folder, ENVIRONMENTS / "python-3.13" / "bin" / "python")
    assert other.returncode == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert other.stderr.strip() == (
        f"run.py: its functions were captured as bytecode of Python {version}, and this is Python "
        f"3.13: run it with python{version}"
    )
    assert len(sweep.records()) == 2


@pytest.mark.slow
def test_without_code_in_its_pickles_any_python_will_do(
    finished: Finished, read_back: ReadBack, logged: Logged, tmp_path: Path
) -> None:
    sweep = finished(PLAIN, namespace={"data": np.arange(5000.0)}, count=1)
    folder = sweep.export(0, tmp_path / "away" / "exported")
    done = execute(folder, ENVIRONMENTS / "python-3.13" / "bin" / "python")
    assert done.returncode == 0, done.stderr
    assert read_back(tmp_path / "away" / "elsewhere")[1] == logged(sweep, 0)


@pytest.mark.slow
def test_a_cell_that_awaits_has_a_file_of_its_own(
    finished: Finished, read_back: ReadBack, logged: Logged, tmp_path: Path
) -> None:
    cell = """
        from __future__ import annotations
        import asyncio, random, wandb
        await asyncio.sleep(0)
        run = wandb.init()
        run.log({"loss": random.random()})
    """
    sweep = finished(cell, count=1)
    folder = sweep.export(0, tmp_path / "away" / "exported")
    assert "await asyncio.sleep(0)" in (folder / "cell.py").read_text("utf-8")
    done = execute(folder)
    assert done.returncode == 0, done.stderr
    assert read_back(tmp_path / "away" / "elsewhere")[1] == logged(sweep, 0)


@pytest.mark.slow
def test_a_function_is_called_and_its_source_lies_beside_it(
    finished: Finished, read_back: ReadBack, logged: Logged, tmp_path: Path
) -> None:
    import linecache  # noqa: PLC0415 - as IPython does

    source = (
        "import wandb\nimport numpy as np\nscale = 3.0\n"
        "def train():\n    with wandb.init() as run:\n"
        "        run.log({'loss': scale * np.random.rand() + run.config.lr})\n"
    )
    linecache.cache["<cell 7>"] = (len(source), None, source.splitlines(keepends=True), "<cell 7>")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, "<cell 7>", "exec"), namespace)
    sweep = finished(function=namespace["train"])
    folder = sweep.export(1, tmp_path / "away" / "exported")
    assert "def train():" in (folder / "notebook" / "cell-1.py").read_text("utf-8")
    done = execute(folder, OLDEST)
    assert done.returncode == 0, done.stderr
    assert read_back(tmp_path / "away" / "elsewhere")[1] == logged(sweep, 1)


PROGRAM = """
import json, sys, wandb
from beside import doubled
arguments = dict(word.removeprefix("--").split("=") for word in sys.argv[1:] if "=" in word)
(file,) = [word for word in sys.argv[1:] if word.endswith(".json")]
with wandb.init() as run:
    told = json.load(open(file))
    assert told["lr"] == run.config.lr == float(arguments["lr"])
    assert "nobodys" in sys.argv
    run.log({"loss": doubled(run.config.lr)})
"""


@pytest.mark.slow
@pytest.mark.usefixtures("beside")
def test_a_program_goes_along_with_its_command(
    finished: Finished, read_back: ReadBack, logged: Logged, tmp_path: Path
) -> None:
    (tmp_path / "notebook" / "train.py").write_text(PROGRAM)
    command = ["${env}", "${interpreter}", "${program}", "${args}", "${args_json_file}"]
    config = {
        "method": "grid",
        "metric": {"name": "loss", "goal": "minimize"},
        "program": "train.py",
        "command": [*command, "${envvar:OWNER}s"],
        "parameters": {"lr": {"values": [0.25, 0.5]}},
    }
    os.environ["OWNER"] = "nobody"
    try:
        sweep = finished(config=config, count=None)
    finally:
        del os.environ["OWNER"]
    folder = sweep.export(1, tmp_path / "away" / "exported")
    assert "nobody" not in (folder / "run.py").read_text("utf-8")
    done = execute(folder, OLDEST, OWNER="nobody")
    assert done.returncode == 0, done.stderr
    assert read_back(tmp_path / "away" / "elsewhere")[1] == logged(sweep, 1)


@pytest.mark.slow
def test_what_is_there_already_is_left_alone(finished: Finished, tmp_path: Path) -> None:
    sweep = finished(PLAIN, namespace={"data": np.arange(5.0)}, count=1)
    (tmp_path / "there").mkdir()
    with pytest.raises(SweepStateError, match="there already exists: name a folder"):
        sweep.export(0, tmp_path / "there")
    (tmp_path / "file").touch()
    with pytest.raises(SweepError, match="cannot be written"):
        sweep.export(0, tmp_path / "file" / "below")
    assert {each.name for each in tmp_path.iterdir()} == {
        *("home", "notebook", "there", "file", "wandb")
    }
    default = sweep.export(0)
    assert default == Path.cwd() / f"run-{sweep.records()[0].id}"
    told = json.loads((default / "exported_run" / "run.json").read_text("utf-8"))
    assert told["code"] is False
    assert run(["export", sweep.id, "0", str(tmp_path / "typed")]) == 0
    assert (tmp_path / "typed" / "run.py").is_file()
    with pytest.raises(SweepStateError, match=f"use `wandb-magic export {sweep.id} 0`"):
        run(["reproduce", sweep.id, "0"])
    (sweep.path / "bundle" / "manifest.json").unlink()
    with pytest.raises(SweepStateError, match=r"the code of sweep .* is not here"):
        sweep.export(0, tmp_path / "new")


@pytest.mark.usefixtures("beside")
def test_what_was_set_on_libraries_and_modules_is_so_in_runs_and_exports_and_is_told(
    finished: Finished,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    read_back: ReadBack,
) -> None:
    # Older than the kernel: one that is newer may have been written since its import.
    os.utime(tmp_path / "notebook" / "beside.py", (1e9, 1e9))
    namespace: dict[str, Any] = {"__name__": "__main__", "np": np}
    patch = "def half(self):\n    return self / two\ntwo = 2\n"
    exec(compile(patch, "<cell of the notebook>", "exec"), namespace)
    namespace |= {"fractions": fractions, "beside": importlib.import_module("beside")}
    monkeypatch.setattr(fractions.Fraction, "half", namespace["half"], raising=False)
    monkeypatch.setattr(namespace["beside"], "FACTOR", 100, raising=False)
    cell = """
        import os, random, wandb
        %matplotlib inline
        os.environ["SOME_BACKEND"] = "mine"
        import lone
        with wandb.init() as run:
            assert not get_ipython()
            seen = float(fractions.Fraction(1).half()) + beside.FACTOR
            worth = seen + np.geterr()["divide"].count("r")
            run.log({"loss": worth, "drawn": random.random(), "set": lone.SET})
    """
    (tmp_path / "notebook" / "lone.py").write_text(
        "import os\nSET = int(os.environ.get('SOME_BACKEND') == 'mine')\n"
    )
    random.seed(3)
    drawn = random.Random(3).random()
    with np.errstate(divide="raise"):
        sweep = finished(cell, count=2, namespace=namespace, random_state=True)
    assert list(sweep.history()["drawn"]) == [drawn, drawn]
    assert list(sweep.runs()["value"]) == [101.5, 101.5]
    (told,) = [line for line in launch_summary.lines(sweep) if line.startswith("set in runs as")]
    assert "%matplotlib inline" in (sweep.path / "bundle" / "cell.py").read_text()
    for part in (
        "fractions.Fraction.half",
        "beside.FACTOR = 100",
        "numpy errors (divide='raise')",
        "random state (random",
    ):
        assert part in told
    folder = sweep.export(0, tmp_path / "exported")
    done = execute(folder)
    assert done.returncode == 0, done.stderr
    curves = read_back(tmp_path / "elsewhere")[1]
    assert (curves["loss"], curves["drawn"], curves["set"]) == ([101.5], [drawn], [1])
    monkeypatch.delattr(fractions.Fraction, "half")
    with np.errstate():
        reproduced = sweep.reproduce(0, namespace={})
        assert fractions.Fraction(1).half() == fractions.Fraction(1, 2)
        assert np.geterr()["divide"] == "raise"
    assert "fractions.Fraction.half" in str(reproduced)
    assert "%matplotlib inline" in reproduced.code
    with sweep.replay(1):
        assert random.random() == drawn
