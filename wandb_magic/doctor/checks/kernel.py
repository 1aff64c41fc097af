"""Checks the kind of kernel, and whether its threads know the cell that they belong to.

A kernel answers the message of a cell; everything a cell prints, displays or opens is sent with
that message as its parent. On ipykernel 7.0.0 and 7.0.1 a plain thread has no parent, and getting
it raises ``LookupError: <ContextVar name='shell_parent'>``. The check tries this, and does not
rely on versions.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from wandb_magic.doctor.diagnostics import Diagnostic, note, ok, problem
from wandb_magic.doctor.environment import Environment

TIMEOUT_S = 2.0
FIXED_VERSION = "7.1"  # the ipykernel in which a plain thread has a parent again
_VS_CODE = "__vsc_ipynb_file__"  # VS Code puts the notebook's path into the namespace


@dataclass(frozen=True)
class ParentResult:
    """The result of getting the parent: the message's id, or the error."""

    id: str = ""
    error: str = ""


def check(env: Environment) -> Iterator[Diagnostic]:
    """Yield the kind of kernel, then the state of ``shell_parent`` in it."""
    yield kind(env)
    if env.kernel is not None and hasattr(env.kernel, "get_parent"):
        yield from _parents(env, env.kernel.get_parent)


def kind(env: Environment) -> Diagnostic:
    """Return a diagnostic of the kind of kernel."""
    if env.shell is None:
        return ok("a terminal, without a kernel")
    if env.kernel is None:
        return ok("IPython in a terminal: sweeps are shown as text")
    package = type(env.kernel).__module__.partition(".")[0]
    if "google.colab" in sys.modules:
        return note(
            f"Google Colab, with {_label('ipykernel')}: a sweep ends with the virtual machine, "
            "and there is no panel",
            "%wandb_sweep status",
        )
    if package not in ("ipykernel", "__main__") and "ipykernel" not in sys.modules:
        return note(
            f"a kernel of the package {package}: only ipykernel is tested",
            env.pip_install("ipykernel"),
        )
    if _VS_CODE in env.shell.user_ns or "VSCODE_PID" in env.variables:
        return ok(f"VS Code, with {_label('ipykernel')}: sweeps are shown under the cell")
    return ok(f"a Jupyter kernel: {_label('ipykernel')}")


def _parents(env: Environment, get_parent: Callable[[], Any]) -> Iterator[Diagnostic]:
    cell_parent = _get_parent(get_parent)
    if cell_parent.error:
        yield problem(
            f"shell_parent in this cell's thread: {cell_parent.error}, so output of this cell "
            "cannot be sent",
            "# restart the kernel, and try again in a separate cell",
        )
        return
    yield ok("shell_parent in the main thread: this cell")
    thread = _in_thread(lambda: _get_parent(get_parent))
    if thread.error:
        yield problem(
            f"shell_parent in a plain thread: {thread.error}, so with {_label('ipykernel')} every "
            "wandb.init() in the thread of wandb.agent(function=…) fails",
            "from wandb_magic import agent  # instead of wandb.agent\n"
            "# or begin the cell with: %%wandb_sweep CONFIG\n"
            f"# or: {env.pip_install(f'ipykernel>={FIXED_VERSION}')}",
        )
    else:
        yield ok(f"shell_parent in a plain thread: {_describe_parent(thread, cell_parent)}")
    task = _in_task(lambda: _get_parent(get_parent))
    if task.error:
        yield problem(
            f"shell_parent in an asyncio task: {task.error}, so output of a task cannot be sent",
            env.pip_install(f"ipykernel>={FIXED_VERSION}"),
        )
    else:
        yield ok(f"shell_parent in an asyncio task: {_describe_parent(task, cell_parent)}")


def _describe_parent(parent: ParentResult, cell_parent: ParentResult) -> str:
    return "this cell" if parent == cell_parent else "another cell, or none"


def _get_parent(get_parent: Callable[[], Any]) -> ParentResult:
    try:
        parent = get_parent()
        return ParentResult(str(parent.get("header", {}).get("msg_id", "")))
    except Exception as error:  # noqa: BLE001 - wandb would get the same error
        return ParentResult(error=f"{type(error).__name__}: {_reason(error)}")


def _reason(error: Exception) -> str:
    """Return an error's message; a context variable by its name, not its address."""
    cause = error.args[0] if error.args else ""
    return f"<ContextVar name={cause.name!r}>" if isinstance(cause, ContextVar) else str(error)


def _in_thread(get: Callable[[], ParentResult]) -> ParentResult:
    """Get the parent in a plain thread, as `wandb.agent` starts one for each run."""
    results: list[ParentResult] = []
    thread = threading.Thread(target=lambda: results.append(get()), daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    return results[0] if results else ParentResult(error="no answer")


def _in_task(get: Callable[[], ParentResult]) -> ParentResult:
    """Get the parent in a task that this cell creates.

    A line of a cell cannot wait for the kernel's own loop. The task is created here, so it has
    the context of this cell, and runs on a loop in a thread.
    """

    async def get_in_task() -> ParentResult:
        return get()

    loop = asyncio.new_event_loop()
    try:
        task = loop.create_task(get_in_task())
        thread = threading.Thread(target=loop.run_until_complete, args=(task,), daemon=True)
        thread.start()
        thread.join(TIMEOUT_S)
        return task.result() if task.done() else ParentResult(error="no answer")
    finally:
        if not loop.is_running():
            loop.close()


def _label(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} of an unknown version"
