"""Real clients in separate processes, of the installed and of the oldest supported wandb."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fake_wandb_server.controls import Controls

OLDEST = Path(__file__).parents[2] / ".venvs" / "wandb-oldest" / "bin" / "python"
OTHER = os.environ.get("WANDB_MAGIC_OTHER_PYTHON", str(OLDEST))
PYTHONS = [sys.executable, *([OTHER] if Path(OTHER).exists() else [])]
DEADLINE = 240.0


@dataclass(frozen=True)
class Client:
    """One version of wandb, with its own folder and server.

    Attributes
    ----------
    python
        The interpreter of its environment.
    folder
        Its working directory, where it stores its runs.
    server
        The server that it uses; None for no server.
    """

    python: Path
    folder: Path
    server: Controls | None

    def start(self, *command: str | Path, **variables: str) -> subprocess.Popen[str]:
        """Start a command."""
        paths = [str(self.python.parent), os.environ["PATH"]]
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": os.pathsep.join(paths),
                "WANDB_DIR": str(self.folder),
                "PYTHONWARNINGS": "ignore",
                "PYTHONDONTWRITEBYTECODE": "",  # otherwise each client compiles all of wandb again
                **(self.server.environment if self.server else {}),
                **variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start_script(self, code: str, **variables: str) -> subprocess.Popen[str]:
        """Start a script."""
        return self.start(self.python, "-c", code, **variables)

    def script(self, code: str, *, expected: int | None = 0, **variables: str) -> str:
        """Run a script to its end; return its output."""
        return ended(self.start_script(code, **variables), expected)

    def wandb(self, *arguments: str | Path, expected: int | None = 0, **variables: str) -> str:
        """Run the command line to its end; return its output."""
        command = self.python.with_name("wandb")
        return ended(self.start(command, *arguments, **variables), expected)


def ended(process: subprocess.Popen[str], expected: int | None = 0) -> str:
    """Wait for a client; return its stdout, followed by its stderr.

    Parameters
    ----------
    process
        The client.
    expected
        The exit code that it must have; None for any.
    """
    try:
        output, errors = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        raise AssertionError(f"did not end: {output} {errors}") from None
    assert expected in {None, process.returncode}, f"{process.returncode}: {output} {errors}"
    return output + errors


def side_by_side(clients: Sequence[Client], scenario: Callable[[Client], None]) -> None:
    """Run a scenario with every client, concurrently: they mostly wait."""
    with ThreadPoolExecutor(len(clients)) as pool:
        ends = [(client, pool.submit(scenario, client)) for client in clients]
    for client, end in ends:
        try:
            end.result()
        except Exception as error:
            raise AssertionError(f"{client.python}: {error}") from error


def wait_for(condition: Callable[[], object], what: str, deadline: float = DEADLINE) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + deadline
    while not condition():
        assert time.monotonic() < until, f"{what}: not within {deadline:.0f} s"
        time.sleep(0.02)
