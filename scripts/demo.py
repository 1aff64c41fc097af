"""Runs the quickstart notebook in a real kernel, and shows its sweep's progress."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

import wandb_magic
from wandb_magic.display import formatting
from wandb_magic.display.progress import make_progress

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "quickstart.ipynb"
FOLDER = Path(__file__).parents[1] / "build" / "demo"
TICK_S = 0.5


async def follow(notebook: nbformat.NotebookNode) -> None:
    """Execute the notebook, and show its sweep's progress meanwhile."""
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
        record_timing=False,
        store_widget_state=False,  # the final state stands in the output itself
    )
    execution = asyncio.create_task(client.async_execute())
    line = make_progress()
    while not execution.done():
        for sweep in sweeps():
            line.update(sweep.status())
        await asyncio.wait([execution], timeout=TICK_S)
    line.end()
    await execution


def sweeps() -> list[wandb_magic.Sweep]:
    """Return the sweeps of the demo."""
    return [sweep for sweep in wandb_magic.sweeps() if sweep.path.is_relative_to(FOLDER)]


def main() -> None:
    """Run the demo."""
    for sweep in sweeps():
        sweep.stop().wait()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    os.environ["WANDB_DIR"] = str(FOLDER)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    executed = FOLDER / NOTEBOOK.name
    try:
        asyncio.run(follow(notebook))
    except CellExecutionError as error:
        sys.exit(f"a cell of the notebook failed:\n{error}")
    finally:
        nbformat.write(notebook, executed)
    (sweep,) = sweeps()
    best = sweep.best()
    print(formatting.status_line(sweep.status()))
    print(
        f"best run {best.number}: {formatting.number(best.value)} with {formatting.params(best)}"
    )
    print(f"the notebook with its outputs: {executed}")


if __name__ == "__main__":
    main()
