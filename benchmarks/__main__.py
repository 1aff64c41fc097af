"""Runs every benchmark, and writes what they print into ``docs/benchmarks.md``.

    python -m benchmarks [--quick] [--only NAME ...] [--write]

With ``--write`` the section of each benchmark that ran is replaced; the others stay.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import psutil

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
# Each with its options for a full run and for a quick one.
BENCHMARKS: dict[str, tuple[Sequence[str], Sequence[str]]] = {
    "handoff": ((), ("--quick",)),
    "run_cost": ((), ("--quick",)),
    "log_latency": ((), ("--quick",)),
    "shared_memory": ((), ("--quick",)),
    "soak": ((), ("--quick",)),
    "store": ((), ("--quick",)),
    "frames": ((), ("--quick",)),
    "search_time": ((), ("--quick",)),
    "search_quality": (("--jobs", str(os.cpu_count())), ("--quick",)),
    "online": ((), ("--quick",)),
    "scale": ((), ("--quick",)),
    "cluster_cost": ((), ("--quick",)),
    "panel_server": ((), ("--quick",)),
    "panel_page": ((), ("--quick",)),
    "cuda_check": ((), ()),
}
VERSIONS = ("wandb", "optuna", "torch", "numpy", "ipykernel", "jupyterlab", "jupyter_server")


def has_gpu() -> bool:
    """Return whether there is a GPU that PyTorch can use."""
    script = "import sys, torch; sys.exit(not torch.cuda.is_available())"
    return subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def machine() -> str:
    """Describe the machine without naming it."""
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB; "
        f"Python {platform.python_version()}, {versions}"
    )


def run(name: str, options: Sequence[str]) -> str:
    """Run one benchmark; return its section of the page."""
    before = psutil.getloadavg()[0]
    command = [sys.executable, str(HERE / f"{name}.py"), *options]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    printed = done.stdout.strip()
    if not printed.startswith("| "):
        printed = f"```\n{printed}\n```"
    said = f"`python benchmarks/{' '.join([f'{name}.py', *options])}`, {machine()}; "
    return f"{said}load before it {before:.1f}.\n\n{printed}"


def written(page: str, name: str, section: str) -> str:
    """Return the page with a new section between the markers of a benchmark."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        raise SystemExit(f"{PAGE.name} has no place for {name}: add {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n{section}\n{end}", page)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="minutes instead of an hour")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, help="not all of them")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    options = parser.parse_args()
    for name, (full, quick) in BENCHMARKS.items():
        if options.only and name not in options.only:
            continue
        if name == "cuda_check" and not has_gpu():
            print("cuda_check: skipped, there is no GPU", flush=True)
            continue
        section = run(name, quick if options.quick else full)
        print(f"## {name}\n\n{section}\n", flush=True)
        if options.write:
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(written(page, name, section), encoding="utf-8")


if __name__ == "__main__":
    main()
