"""What a cell does with a definition gives in the run what it gives in the kernel.

``definable.txt`` has a row for every kind of definition that Python lets a notebook make: the cell
that defines it, and, behind ``# ---``, the cell that uses it.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
between = pytest.mark.full("the oldest and the newest Python")
PYTHONS = (
    pytest.param("this", marks=pytest.mark.slow),
    "3.10",
    *(pytest.param(version, marks=between) for version in ("3.11", "3.12")),
    "3.13",
)
# Each row is a notebook of its own: executed, frozen, and what its cell says in the kernel.
KERNEL = """
import contextlib, io, json, linecache, sys, traceback, types
from pathlib import Path
from wandb_magic.bundle import freeze

order = json.loads(sys.stdin.read())
said = {}
for name, (before, cell) in order.items():
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    filename = f"/tmp/ipykernel_0/{name}.py"
    linecache.cache[filename] = (len(before), None, before.splitlines(keepends=True), filename)
    out = io.StringIO()
    try:
        exec(compile(before, filename, "exec", dont_inherit=True), vars(module))
        freeze(Path(name), cell=cell, namespace=vars(module))
        with contextlib.redirect_stdout(out):
            exec(compile(cell, "<cell>", "exec", dont_inherit=True), vars(module))
    except BaseException:
        out.write(traceback.format_exc())
    said[name] = out.getvalue()
print(json.dumps(said))
"""
RUNS = """
import contextlib, io, json, os, sys, traceback
from pathlib import Path
from wandb_magic.bundle import thaw

said = {}
for name in json.loads(sys.stdin.read()):
    reader, writer = os.pipe()
    if os.fork() == 0:
        out = io.StringIO()
        try:
            with contextlib.redirect_stdout(out):
                thaw(Path(name).absolute()).execute()
        except BaseException:
            out.write(traceback.format_exc())
        with os.fdopen(writer, "w") as pipe:
            pipe.write(out.getvalue())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said[name] = pipe.read()
    os.wait()
print(json.dumps(said))
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_every_definition_is_in_the_run_what_it_is_in_the_kernel(
    version: str, tmp_path: Path
) -> None:
    python = Path(sys.executable)
    if version != "this":
        python = ROOT / ".venvs" / f"python-{version}" / "bin" / "python"
        if not python.exists():
            pytest.skip(f"this machine has no Python {version} that scripts/kernels could find")
    number = sys.version_info[:2] if version == "this" else _number(version)
    rows = _rows(number, libraries=version == "this")

    kernel = _said(python, KERNEL, rows, tmp_path)
    runs = _said(python, RUNS, rows, tmp_path)

    assert {name: text for name, text in kernel.items() if "Traceback" in text} == {}
    assert all(kernel.values())
    different = {name: (kernel[name], runs[name]) for name in rows if kernel[name] != runs[name]}
    assert not different, "\n".join(
        f"=== {name}\n--- kernel\n{one}\n--- run\n{other}"
        for name, (one, other) in different.items()
    )


def _number(version: str) -> tuple[int, int]:
    major, minor = version.split(".")
    return int(major), int(minor)


def _rows(python: tuple[int, int], *, libraries: bool) -> dict[str, tuple[str, str]]:
    """Read the rows that a Python takes; those that need a library only where it is."""
    text = (Path(__file__).parent / "definable.txt").read_text(encoding="utf-8")
    head = r"^# === (\w+)(?: from Python ([\d.]+))?(?: with (\w+))?$"
    parts = re.split(head, text, flags=re.MULTILINE)[1:]
    rows = {}
    for name, since, library, cells in zip(*(parts[n::4] for n in range(4)), strict=True):
        if _number(since or "3.0") <= python and (libraries or not library):
            before, _, cell = cells.partition("# ---\n")
            rows[name] = (before, cell)
    return rows


def _said(
    python: Path, script: str, rows: dict[str, tuple[str, str]], folder: Path
) -> dict[str, str]:
    """Execute a script in a folder; return what each row said there."""
    done = subprocess.run(
        [python, "-W", "error", "-c", script],
        input=json.dumps(rows),
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return said
