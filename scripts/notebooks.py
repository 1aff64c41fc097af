"""Executes the notebooks in real kernels, in a copy of their folder, and saves the outputs."""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

SOURCE = Path(__file__).parents[1] / "notebooks"
FOLDER = Path(__file__).parents[1] / "build" / "notebooks"
CELL_S = 180


def execute(name: str) -> None:
    """Execute one notebook, and write it back if no cell failed."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
    os.environ["WANDB_DIR"] = str(folder)
    notebook = nbformat.read(SOURCE / f"{name}.ipynb", as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,  # the final state stands in the output itself
    )
    began = time.monotonic()
    try:
        client.execute()
    except CellExecutionError as error:
        sys.exit(f"a cell of {name} failed:\n{error}")
    finally:
        nbformat.write(notebook, folder / f"{name}.ipynb")
    shutil.copy(folder / f"{name}.ipynb", SOURCE)
    print(f"{name}: {time.monotonic() - began:.0f} s")


def main() -> None:
    """Execute all notebooks, or some."""
    # A shell makes background processes ignore interrupts, and thereby every kernel started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    names = sorted(path.stem for path in SOURCE.glob("*.ipynb"))
    parser = argparse.ArgumentParser(prog="scripts/notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *names], metavar="NAME")
    for name in parser.parse_args().names or names:
        execute(name)


if __name__ == "__main__":
    main()
