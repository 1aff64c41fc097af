"""A notebook in miniature: cells are executed in a process, the last one is frozen there, and runs
in a fork of another process that thaws it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

FREEZE = """
import builtins, json, linecache, sys
from pathlib import Path
from wandb_magic.bundle import freeze
from wandb_magic.errors import BundleError

order = json.loads(sys.argv[1])
sys.path.insert(0, "")
namespace = vars(sys.modules["__main__"])
namespace["In"] = namespace["_ih"] = order["cells"]
for number, cell in enumerate(order["cells"]):
    name = f"/tmp/ipykernel_0/{number}.py"
    linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    exec(compile(cell, name, "exec", dont_inherit=True), namespace)
function = order["function"] and eval(order["function"])
try:
    contents = freeze(
        Path(order["folder"]), cell=order["cell"], function=function,
        namespace=namespace if order["cell"] else None,
        exclude=order["exclude"], include=order["include"],
        rerun_cells=order["rerun"], random_state=order["random_state"],
    )
except (BundleError, SyntaxError) as error:
    print(json.dumps({"error": str(error), "type": type(error).__name__}))
else:
    print(json.dumps({
        "items": [[i.name, i.kind, i.size] for i in contents.variables],
        "carried": contents.carried,
        "cells": contents.cells,
        "left": contents.left,
    }))
"""

THAW = """
import asyncio, inspect, os, sys
from pathlib import Path
from wandb_magic.bundle import thaw

thawed = thaw(Path(sys.argv[1]))
pid = os.fork()
if pid == 0:
    status = 1
    try:
        result = thawed.execute()
        if inspect.iscoroutine(result):
            asyncio.run(result)
        status = 0
    except BaseException:
        import traceback
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(status)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@dataclass
class Notebook:
    """Cells that were executed before, and where the bundle goes."""

    folder: Path
    cells: list[str]

    def freeze(
        self,
        cell: str | None = None,
        *,
        function: str = "",
        exclude: tuple[str, ...] = (),
        rerun: bool = False,
        include: tuple[str, ...] = (),
        random_state: bool = False,
    ) -> dict[str, object]:
        """Freeze a cell, or the function that an expression gives; return what was said."""
        order = {
            "folder": str(self.folder / "bundle"),
            "cells": self.cells,
            "cell": cell,
            "function": function,
            "exclude": list(exclude),
            "rerun": rerun,
            "include": list(include),
            "random_state": random_state,
        }
        shutil.rmtree(self.folder / "bundle", ignore_errors=True)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", FREEZE, json.dumps(order)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def thaw(self) -> subprocess.CompletedProcess[str]:
        """Execute the bundle in a fork of a fresh process."""
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", THAW, str(self.folder / "bundle")],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )

    def run(
        self,
        cell: str,
        *,
        exclude: tuple[str, ...] = (),
        include: tuple[str, ...] = (),
        rerun: bool = False,
    ) -> str:
        """Freeze a cell and execute it; return what it printed."""
        answer = self.freeze(cell, exclude=exclude, include=include, rerun=rerun)
        assert "error" not in answer, answer["error"]
        done = self.thaw()
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refusal(self, cell: str, *, exclude: tuple[str, ...] = ()) -> str:
        """Return why a cell cannot be frozen."""
        answer = self.freeze(cell, exclude=exclude)
        assert "error" in answer, answer
        return str(answer["error"])


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Notebook]:
    """Return a notebook in which the given cells were executed."""

    def make(*cells: str) -> Notebook:
        return Notebook(tmp_path, list(cells))

    return make
