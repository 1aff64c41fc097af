"""The output of every benchmark: Markdown tables, and JSON on request."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Table:
    """A table of figures; `note` explains them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def markdown(self) -> str:
        """Return the table as Markdown; all columns but the first contain figures."""
        lines = [self.columns, ("---", *("---:",) * (len(self.columns) - 1)), *self.rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"{text}\n\n{self.note}".strip() + "\n"


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of the options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes")
    parser.add_argument("--json", type=Path, help="where to write the figures as JSON")
    return parser


def report(tables: list[Table], file: Path | None) -> None:
    """Print tables, and write them to the file that the user requested."""
    for table in tables:
        print(table.markdown(), flush=True)
    if file is not None:
        file.write_text(json.dumps([asdict(table) for table in tables], indent=1) + "\n", "utf-8")


def percentile(values: list[float], share: float) -> float:
    """Return the value that `share` of all values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
