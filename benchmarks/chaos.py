"""What survives when a part of a sweep is killed, stopped, or loses its disk, clock or server.

    python -m benchmarks.chaos [--quick] [--only TEXT ...] [--json PATH] [--write]

Each cell is a separate sweep, in a separate process, with one fault in the middle of it. With
``--write``, the tables of ``docs/reliability.md`` are replaced.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
from chaos_faults import AGENTS, RUNS, Outcome
from report_tables import Table, arguments, report

from benchmarks.__main__ import machine, written

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "reliability.md"
LIMIT_S = 600


@dataclass(frozen=True)
class Cell:
    """One fault of one part, and the program that tests it; several parts have peers."""

    subject: str
    victim: str
    fault: str

    @property
    def title(self) -> str:
        """What identifies this cell."""
        return f"{self.subject}: {self.victim}, {self.fault}"

    @property
    def command(self) -> list[str]:
        """The command that tests it, without the seconds."""
        if self.subject == OURS:
            return [sys.executable, str(HERE / "chaos_cells.py"), self.victim, self.fault]
        program = str(HERE / "chaos_peers.py")
        return [sys.executable, program, self.subject, self.victim, self.fault]


OURS, WANDB, OPTUNA = "ours", "wandb agent", "Optuna"
SIGNALS = ("SIGKILL", "SIGSTOP")
VICTIMS = (
    *("supervisor", "template", "run", "wandb-core"),
    *("kernel", "Jupyter server", "W&B server"),
)
CELLS = (
    *(Cell(OURS, victim, fault) for victim in VICTIMS for fault in SIGNALS),
    *(
        Cell(OURS, "sweep's folder", fault)
        for fault in ("disk full", "folder gone", "database damaged")
    ),
    *(Cell(OURS, "clock", f"{hours:+}h for a time") for hours in (1, -1)),
    *(
        Cell(WANDB, victim, fault)
        for victim in ("agent", "run", "wandb-core", "W&B server")
        for fault in SIGNALS
    ),
    *(Cell(OPTUNA, "worker", fault) for fault in SIGNALS),
    *(Cell(OPTUNA, "study's folder", f) for f in ("disk full", "folder gone", "database damaged")),
)
TITLES = {
    OURS: "ours",
    WANDB: "wandb agent, two of them",
    OPTUNA: "Optuna, workers with a heartbeat",
}


def measure(cell: Cell, seconds: float) -> Outcome:
    """Run one cell."""
    print(cell.title, file=sys.stderr, flush=True)
    done = subprocess.run(
        [*cell.command, str(seconds)],
        check=False,
        stdout=subprocess.PIPE,
        text=True,
        timeout=LIMIT_S,
    )
    if done.returncode:
        raise SystemExit(f"{cell.title}: the measurement itself failed, see above")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def is_possible(cell: Cell) -> bool:
    """Return whether this machine allows a cell to be tested."""
    if cell.victim == "clock":
        return sys.platform == "linux" and find_spec("libfaketime") is not None
    return cell.fault != "disk full" or (os.getuid() == 0 and shutil.which("mount") is not None)


def table(cells: Sequence[tuple[Cell, Outcome]], note: str) -> Table:
    columns = (
        *("what", "fault", "finished", "failed", "lost", "doubled", "left over"),
        "how it ended",
        "what was told",
    )
    rows = tuple(
        (
            cell.victim,
            cell.fault,
            f"{out.finished} of {RUNS}",
            *(str(number) for number in (out.failed, out.lost, out.doubled, out.left)),
            out.state,
            "; ".join(shortened(line) for line in out.messages) or "-",
        )
        for cell, out in cells
    )
    return Table(columns, rows, note)


def shortened(line: str) -> str:
    plain = " ".join(line.split()).replace("|", "\\|").replace("<", "&lt;")
    return plain if len(plain) <= 160 else f"{plain[:157]}..."


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="cells with this in their title")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    parser.add_argument("--jobs", type=int, default=2, help="how many cells at a time")
    options = parser.parse_args()
    seconds = 5.0 if options.quick else 60.0
    tables: dict[str, Table] = {}
    before = psutil.getloadavg()[0]
    for subject in TITLES:
        chosen_cells: list[Cell] = []
        left_out: list[Cell] = []
        for cell in CELLS:
            chosen = not options.only or any(text in cell.title for text in options.only)
            if cell.subject != subject or not chosen:
                continue
            if not is_possible(cell):
                left_out.append(cell)
                continue
            chosen_cells.append(cell)
        with ThreadPoolExecutor(options.jobs) as pool:
            outcomes = pool.map(lambda cell: measure(cell, seconds), chosen_cells)
            measured = list(zip(chosen_cells, outcomes, strict=True))
        note = (
            f"Of {RUNS} runs each, {AGENTS} at a time; SIGSTOP, disk full and the absence of a "
            f"killed server: {seconds:g} s."
        )
        if any(cell.fault == "disk full" for cell in left_out):
            note += " The disk was not filled: only root can mount a small one."
        if any(cell.victim == "clock" for cell in left_out):
            note += " The clock was not moved: that takes Linux and `pip install libfaketime`."
        if measured:
            tables[subject] = table(measured, note)
    report(list(tables.values()), options.json)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        for subject, made in tables.items():
            said = f"`python -m benchmarks.chaos{' --quick' if options.quick else ''}`"
            section = f"{said}, {machine()}; load before it {before:.1f}.\n\n{made.markdown()}"
            page = written(page, subject, section.strip())
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
