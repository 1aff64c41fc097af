"""Checks whether runs fork from a warm process or each start a fresh Python, and why.

This depends on what imports leave behind in the process that forks. So a child process imports
the notebook's modules one after another, and inspects itself after each. Of the user's code, only
modules are executed.
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

from wandb_magic.bundle.manifest import inheritable_environment
from wandb_magic.doctor.diagnostics import Diagnostic, note, ok, problem
from wandb_magic.doctor.environment import Environment
from wandb_magic.runner.fork_safety import ForkSafetyCheck
from wandb_magic.runner.wandb_preload import preload_wandb

TIMEOUT_S = 30.0  # PyTorch alone takes seconds where the disk has to be read
SHOWN = 5
WANDB = "wandb"
_OURS = frozenset({"IPython", "ipykernel", "wandb_magic", "builtins", "__main__"})
_CHILD = (
    "import json, os, sys\n"
    "request = json.load(sys.stdin)\n"
    "sys.path[:] = request['path']\n"
    "from wandb_magic.doctor.checks.fork_check import print_fork_report\n"
    "print_fork_report(request['modules'])\n"
    "os._exit(0)\n"  # a module may have left a thread that never ends
)


def check(env: Environment) -> Iterator[Diagnostic]:
    """Yield a diagnostic of how runs of this notebook would start."""
    if os.name != "posix":
        yield problem(
            "detached sweeps need Linux or macOS, or the Linux subsystem of Windows",
            "wsl --install",
        )
        return
    modules = modules_of(env)
    try:
        fork_report = _run_child(env, modules)
    except subprocess.TimeoutExpired:
        yield note(
            f"importing this notebook's packages takes longer than {TIMEOUT_S:.0f} seconds: the "
            "first run of a sweep waits for it",
            "%time " + "; ".join(f"import {name}" for name in modules[:SHOWN]),
        )
        return
    for name, error in fork_report["missing"].items():
        yield problem(
            f"a separate process cannot import {name}, which this notebook uses: {error}",
            env.set_variable("PYTHONPATH", "/the/folder/that/holds/it"),
        )
    yield _fork_diagnostic(
        fork_report, [name for name in modules if name not in fork_report["missing"]]
    )


def modules_of(env: Environment) -> list[str]:
    """Return the packages that define a notebook's variables."""
    if env.shell is None:
        return []
    hidden: Collection[str] = env.shell.user_ns_hidden
    names = {
        _defining_module(value)
        for name, value in list(env.shell.user_ns.items())
        if not name.startswith("_") and name not in hidden
    }
    modules = {name for name in names if name and name.partition(".")[0] not in _OURS}
    return sorted(modules - set(sys.stdlib_module_names) - {WANDB})


def _defining_module(value: object) -> str:
    if isinstance(value, ModuleType):
        return value.__name__
    module = getattr(value, "__module__", "") if callable(value) else type(value).__module__
    return module.partition(".")[0] if isinstance(module, str) else ""


def _run_child(env: Environment, modules: Sequence[str]) -> Mapping[str, Any]:
    package = str(Path(__file__).parents[3])
    path = sys.path if package in sys.path else [*sys.path, package]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        input=json.dumps({"path": path, "modules": modules}),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
        env=inheritable_environment(env.variables),
    )
    if done.returncode:
        last_line = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        return {
            "why": f"the fork server died ({last_line})",
            "by": "",
            "missing": {},
        }
    answer: Mapping[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def print_fork_report(modules: Sequence[str]) -> None:
    """Import the modules, and print what keeps this process from forking, as JSON.

    `why` is the reason, `by` the module that caused it, `missing` what cannot be imported.
    """
    output_fd = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # modules may print
    missing: dict[str, str] = {}
    check = ForkSafetyCheck()
    why, by = check.unsafe_reason(), ""
    if not why:
        preload_wandb()
        why, by = check.unsafe_reason(), WANDB
    for name in modules:
        if why:
            break
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - a module may raise anything
            missing[name] = f"{type(error).__name__}: {error}"
        why, by = check.unsafe_reason(), name
    with os.fdopen(output_fd, "w", encoding="utf-8") as output:
        output.write("\n" + json.dumps({"why": why, "by": by if why else "", "missing": missing}))


def _fork_diagnostic(report: Mapping[str, Any], modules: Sequence[str]) -> Diagnostic:
    if not report["why"]:
        named = ", ".join(modules[:SHOWN]) + (", …" if len(modules) > SHOWN else "")
        return ok("runs fork from a warm process" + (f", which imports {named}" if named else ""))
    text = f"runs start cold, each in a fresh Python: {report['why']}"
    if sys.platform != "linux":  # forking is unavailable on this system
        return ok(text)
    by = report["by"]
    if not by:
        return problem(text, f"{sys.executable} -c 'import wandb'")
    name = by.rpartition(".")[2]
    return note(
        f"{text} when {by} was imported",
        f'import importlib; {name} = importlib.import_module("{by}")'
        f"  # in the cell that is swept, instead of import {by}",
    )
