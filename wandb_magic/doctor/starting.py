"""Whether runs fork from a warm process or start a fresh Python each, and why.

What decides is what the imports leave behind in the process that is to fork. So a child imports
what the notebook has imported, one after another, and looks at itself after each. No code of the
user is executed but that of modules.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from wandb_magic.bundle.manifest import inherited
from wandb_magic.doctor.findings import Finding, note, ok, problem
from wandb_magic.doctor.place import Place
from wandb_magic.forking import ForkCheck
from wandb_magic.warm import warm_wandb

LIMIT_S = 12.0  # PyTorch alone takes seconds where the disk has to be read
SHOWN = 5
WANDB = "wandb"
_OURS = frozenset({"IPython", "ipykernel", "wandb_magic", "builtins", "__main__"})
_CHILD = (
    "import json, os, sys\n"
    "asked = json.load(sys.stdin)\n"
    "sys.path[:] = asked['path']\n"
    "from wandb_magic.doctor.starting import tell\n"
    "tell(asked['modules'])\n"
    "os._exit(0)\n"  # a module may have left a thread that never ends
)


def findings(place: Place) -> Iterator[Finding]:
    """Yield how runs of this notebook would start."""
    if os.name != "posix":
        yield problem(
            "detached sweeps need Linux or macOS, or the Linux subsystem of Windows",
            "wsl --install",
        )
        return
    modules = modules_of(place)
    try:
        said = _ask(place, modules)
    except subprocess.TimeoutExpired:
        yield note(
            f"importing what this notebook uses takes longer than {LIMIT_S:.0f} seconds: the "
            "first run of a sweep waits for it",
            "%time " + "; ".join(f"import {name}" for name in modules[:SHOWN]),
        )
        return
    for name, error in said["missing"].items():
        yield problem(
            f"a process of its own cannot import {name}, which this notebook uses: {error}",
            place.put("PYTHONPATH", "/the/folder/that/holds/it"),
        )
    yield _verdict(said, [name for name in modules if name not in said["missing"]])


def modules_of(place: Place) -> list[str]:
    """Return the packages that a notebook's variables come from."""
    if place.shell is None:
        return []
    hidden: Collection[str] = place.shell.user_ns_hidden
    names = {
        _home(value)
        for name, value in list(place.shell.user_ns.items())
        if not name.startswith("_") and name not in hidden
    }
    wanted = {name for name in names if name and name.partition(".")[0] not in _OURS}
    return sorted(wanted - set(sys.stdlib_module_names) - {WANDB})


def _home(value: object) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    module = getattr(value, "__module__", "") if callable(value) else type(value).__module__
    return module.partition(".")[0] if isinstance(module, str) else ""


def _ask(place: Place, modules: Sequence[str]) -> Mapping[str, Any]:
    package = str(Path(__file__).parents[2])
    path = sys.path if package in sys.path else [*sys.path, package]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=json.dumps({"path": path, "modules": modules}),
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
        env=inherited(place.environment),
    )
    if done.returncode:
        said = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        return {"why": f"the process that should fork them died ({said})", "by": "", "missing": {}}
    answer: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def tell(modules: Sequence[str]) -> None:
    """Import the modules, and print what keeps this process from forking, as JSON.

    `why` is the reason, `by` the module that brought it, `missing` what cannot be imported.
    """
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # modules may print
    missing: dict[str, str] = {}
    check = ForkCheck()
    why, by = check.why_not(), ""
    if not why:
        warm_wandb()
        why, by = check.why_not(), WANDB
    for name in modules:
        if why:
            break
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a module may raise anything
            missing[name] = f"{type(error).__name__}: {error}"
        why, by = check.why_not(), name
    with os.fdopen(answers, "w", encoding="utf-8") as output:
        output.write("\n" + json.dumps({"why": why, "by": by if why else "", "missing": missing}))


def _verdict(said: Mapping[str, Any], modules: Sequence[str]) -> Finding:
    if not said["why"]:
        named = ", ".join(modules[:SHOWN]) + (", …" if len(modules) > SHOWN else "")
        return ok("runs fork from a warm process" + (f", which imports {named}" if named else ""))
    text = f"runs start cold, a fresh Python each: {said['why']}"
    if sys.platform != "linux":  # nothing can be done about that
        return ok(text)
    by = said["by"]
    if not by:
        return problem(text, f"{sys.executable} -c 'import wandb'")
    name = by.rpartition(".")[2]
    return note(
        f"{text} when {by} was imported",
        f'import importlib; {name} = importlib.import_module("{by}")'
        f"  # in the cell that is swept, in place of import {by}",
    )
