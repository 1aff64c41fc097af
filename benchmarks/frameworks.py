"""How sweeps work with frameworks: a small sweep with each, in three ways of using it.

    python benchmarks/frameworks.py [--only NAME ...] [--python GROUP=PATH ...] [--write]

Each way is an offline sweep of two runs in a separate process, which compute something with the
framework: one that only the cell imports; one that the notebook has used before; one whose model,
array or session is a variable of the notebook. The environments are created in
``build/frameworks``, which takes some GB, or given with ``--python``. The results are stored in
``build/frameworks/found``; ``--write`` writes ``docs/how-to/frameworks.md`` from them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))  # where the framework's own Python executes this file

from framework_cells import FRAMEWORKS, GROUPS, Framework  # noqa: E402

ROOT = HERE.parent
PLACE = ROOT / "build" / "frameworks"
FOUND = PLACE / "found"
PAGE = ROOT / "docs" / "how-to" / "frameworks.md"
HUNG_AFTER_S = 20
RUN_TIMEOUT_S = 150
PATIENCE_S = 400
FORMS = {"cell": "only in the cell", "used": "used before", "captured": "as a variable"}
CONFIG = {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}}
TAIL = '\nwith wandb.init() as run:\n    run.log({"value": value})\n'


@dataclass(frozen=True)
class FrameworkResult:
    """The outcome of one sweep: `how` its runs started or what went wrong, and `why`."""

    framework: str
    form: str
    how: str
    why: str = ""
    seconds: float | None = None
    version: str = ""
    python: str = ""
    wandb: str = ""
    system: str = ""
    day: str = ""


def cells(framework: Framework, form: str) -> tuple[str, str]:
    """Return what the notebook executes before, and the cell of the sweep."""
    imports, make, use = framework.imports, framework.make, framework.use
    if form == "captured":
        return f"{imports}\n{make}", use + TAIL
    whole = f"{imports}\n{make}\n{use}"
    earlier = re.sub(r"\bthing\b", "earlier", whole)
    return (earlier if form == "used" else ""), whole + TAIL


def run_sweep(framework: Framework, form: str) -> FrameworkResult:
    """Start the sweep in a notebook's shell, in this process, and wait for it."""
    # None of this may be imported earlier: it is what a fresh kernel has.
    from IPython.core.error import UsageError  # noqa: PLC0415
    from IPython.core.interactiveshell import InteractiveShell  # noqa: PLC0415
    from traitlets.config import Config  # noqa: PLC0415

    quiet = {"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}}
    shell = InteractiveShell.instance(config=Config(quiet))
    before, cell = cells(framework, form)
    line = f"%%wandb_sweep config --count 2 --out sweep --run-timeout {RUN_TIMEOUT_S}\n"
    names = {"framework": framework.name, "form": form}
    for source in (
        f"%load_ext wandb_magic\nimport wandb\nconfig = {CONFIG!r}",
        before,
        line + cell,
    ):
        error = shell.run_cell(source, store_history=True)
        problem = error.error_before_exec or error.error_in_exec
        if problem is not None:
            refused = isinstance(problem, UsageError) and source.startswith(line)
            return FrameworkResult(
                **names, how="refused" if refused else "failed", why=str(problem)
            )
    sweep = shell.user_ns["sweep"].wait(PATIENCE_S - 100)
    notices, runs = sweep.status().sweep.notices, sweep.records()
    text = "\n".join(notices)
    if any(run.ended is None or run.state.value == "timed-out" for run in runs) or len(runs) < 2:
        how, why = "hung", f"{sweep.state}: {[run.state.value for run in runs]} {text}"
        sweep.stop()
        return FrameworkResult(**names, how=how, why=why)
    if cold := re.search("each run starts a fresh Python: (.*)", text):
        how, why = ("hung once, then cold" if "hung" in cold[1] else "cold"), cold[1]
    elif late := re.search("(.*): each run reads it itself", text):
        how, why = "late variable", late[1]
    else:
        how, why = "warm", ""
    for run in runs:
        if run.exit_code != 0:
            return FrameworkResult(
                **names, how="failed", why=f"{run.state.value}: {run.cause} {text}"
            )
    values = [float(run["value"]) for run in sweep.summary().to_dict("records")]
    if form == "captured":
        shell.run_cell(framework.use)
        if any(not math.isclose(each, shell.user_ns["value"], rel_tol=1e-4) for each in values):
            return FrameworkResult(
                **names, how="failed", why=f"{values}, not {shell.user_ns['value']}"
            )
    return FrameworkResult(**names, how=how, why=why, seconds=runs[1].ended - runs[1].started)


def child(name: str, form: str, file: Path) -> None:
    """Test one framework and form, and store the result."""
    import wandb_magic  # noqa: PLC0415

    assert Path(wandb_magic.__file__).is_relative_to(ROOT), wandb_magic.__file__
    framework = next(each for each in FRAMEWORKS if each.name == name)
    found = run_sweep(framework, form)
    facts = {
        "version": version(framework.package),
        "python": platform.python_version(),
        "wandb": version("wandb"),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "day": time.strftime("%Y-%m-%d"),
    }
    file.write_text(json.dumps(asdict(found) | facts, indent=1) + "\n", "utf-8")


def environment(group: str) -> Path:
    """Return the Python of a group's environment, creating it if necessary."""
    folder = PLACE / group
    python, stamp = folder / "bin" / "python", folder / ".prepared"
    wanted = " ".join(GROUPS[group])
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        uv = Path(sys.executable).with_name("uv")
        constraints = str(ROOT / "scripts" / "constraints.txt")
        quiet = os.environ | {"WANDB_MAGIC_SKIP_FRONTEND": "1"}
        make = [
            uv,
            "venv",
            "--quiet",
            "--clear",
            "--no-project",
            "--python",
            sys.executable,
            folder,
        ]
        fill = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python]
        fill += ["--constraint", constraints, "--editable", str(ROOT), *GROUPS[group]]
        subprocess.run(make, check=True)
        subprocess.run(fill, check=True, env=quiet)
        stamp.write_text(wanted, "utf-8")
    return python


def run_in_child(framework: Framework, form: str, python: Path) -> FrameworkResult:
    """Test one framework and form in a separate process, leaving nothing behind."""
    from sandbox import sandbox  # noqa: PLC0415 - needs psutil

    file = FOUND / f"{framework.package}-{form}.json"
    file.unlink(missing_ok=True)
    command = [python, HERE / "frameworks.py", "--child", framework.name, form, file]
    variables = {
        "PYTHONPATH": str(ROOT),
        "WANDB_MODE": "offline",
        "WANDB_MAGIC_HUNG_AFTER": str(HUNG_AFTER_S),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONDONTWRITEBYTECODE": "",  # otherwise each process compiles the framework again
    }
    with sandbox() as folder, (FOUND / f"{file.stem}.log").open("w", encoding="utf-8") as log:
        try:
            subprocess.run(
                command,
                cwd=folder,
                env=os.environ | variables,
                stdout=log,
                stderr=log,
                timeout=PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return FrameworkResult(
                framework.name, form, "hung", "the notebook's process did not end"
            )
    if not file.exists():
        return FrameworkResult(framework.name, form, "failed", f"see {file.stem}.log")
    return FrameworkResult(**json.loads(file.read_text("utf-8")))


def page(found: dict[tuple[str, str], FrameworkResult]) -> str:
    """Return the page with the results."""
    made = [each for each in found.values() if each.version]
    days = sorted({each.day for each in made})
    between = " to ".join(dict.fromkeys((days[0], days[-1])))
    pythons = ", ".join(sorted({each.python for each in made}))
    clients = ", ".join(sorted({each.wandb for each in made}))
    systems = ", ".join(sorted({each.system for each in made}))
    head = (
        f"| framework | version | {' | '.join(FORMS.values())} |\n| --- | --- | --- | --- | --- |"
    )
    rows, told = [], []
    for framework in FRAMEWORKS:
        here = {form: found.get((framework.name, form)) for form in FORMS}
        versions = {each.version for each in here.values() if each is not None and each.version}
        if not versions:
            continue
        words = [format_result(here[form]) for form in FORMS]
        rows.append(
            f"| {framework.name} | {', '.join(sorted(versions))} | {words[0]} | {words[1]} | "
            f"{words[2]} ({framework.holds}) |"
        )
        reasons: dict[str, str] = {}
        for form, words_of_form in FORMS.items():
            each = here[form]
            if each is not None and each.why:
                before = reasons.get(each.why)
                reasons[each.why] = f"{before}, {words_of_form}" if before else words_of_form
        told += [
            f"- **{framework.name}**, {where}: {shorten_reason(why)}"
            for why, where in reasons.items()
        ]
    return TEXT.format(
        between=between,
        python=pythons,
        wandb=clients,
        system=systems,
        hung=HUNG_AFTER_S,
        table="\n".join([head, *rows]),
        told="\n".join(told),
    )


def format_result(found: FrameworkResult | None) -> str:
    """Return a result in the form of the table."""
    if found is None:
        return "not run"
    taken = "" if found.seconds is None else f" {found.seconds:.1f} s"
    return f"{found.how}{taken}"


def shorten_reason(why: str) -> str:
    """Return a reason in one line, without paths on this machine."""
    text = re.sub(r"(?<![\w.~])/(?:[\w.+-]+/)+(?=[\w.+-]+)", "…/", " ".join(why.split()))
    return text.replace("|", "\\|").replace("<", "&lt;").replace("`", "'")


TEXT = """\
# Use it with your framework

How each of these frameworks worked in a real offline sweep of two runs that compute with
it. `benchmarks/frameworks.py` made this page on {between}, with Python {python}, wandb {wandb},
on {system}, without a GPU. It lists only what it ran.

| in the table | means |
| --- | --- |
| only in the cell | only the cell of the sweep imports it |
| used before | the notebook has computed with it, then the cell imports it and computes |
| as a variable | the cell uses a variable of the notebook, described in parentheses |
| warm | each run is a fork of a process that has already imported everything |
| late variable | also warm, but each run loads that variable itself |
| cold | each run is a fresh Python that imports everything: it works, but starts more slowly |
| hung once, then cold | the first run hung after its fork, and was restarted as a fresh Python |
| refused | nothing started; a sentence explains why, and what to do |
| failed, hung | it does not work |

The seconds are the duration of the second run, from start to end, on a machine that was also
running other work: they indicate an order of magnitude. A fork was considered hung after
{hung} seconds instead of a minute. **On macOS every run starts cold**, whatever the framework;
this was not tested here.

{table}

## Why

The messages of the sweeps that did not start warm; the variable is called `thing`:

{told}

## What to do

- A cold start is not an error. If the import is expensive, let each run do more.
- If a variable is refused, create it in the cell: for example a session, connection or pool.
- If one of your modules computes at import time, it may start threads, and runs then start cold.
  Compute in a function that the cell calls.
- When it is imported, Polars 2.1 starts a thread that removes data it has spilled to disk. Some
  libraries import Polars if it is installed, and their runs then also start cold: CatBoost and
  statsmodels did, and are listed without Polars.
"""


def load_results() -> dict[tuple[str, str], FrameworkResult]:
    """Return the results so far."""
    read = (
        FrameworkResult(**json.loads(file.read_text("utf-8"))) for file in FOUND.glob("*.json")
    )
    return {(each.framework, each.form): each for each in read}


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], Path(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    names = [each.name for each in FRAMEWORKS]
    parser.add_argument("--only", nargs="*", choices=names, default=names, metavar="NAME")
    parser.add_argument("--form", choices=FORMS, nargs="+", default=list(FORMS))
    parser.add_argument("--python", nargs="+", default=[], metavar="GROUP=PATH")
    parser.add_argument("--write", action="store_true", help=f"write docs/how-to/{PAGE.name}")
    options = parser.parse_args()
    FOUND.mkdir(parents=True, exist_ok=True)
    pythons = {
        group: Path(path) for group, _, path in (each.partition("=") for each in options.python)
    }
    for framework in FRAMEWORKS:
        if framework.name not in options.only:
            continue
        if framework.group not in pythons:
            pythons[framework.group] = environment(framework.group)
        for form in options.form:
            found = run_in_child(framework, form, pythons[framework.group])
            print(
                f"{found.framework}, {FORMS[form]}: {format_result(found)} {found.why}", flush=True
            )
    if options.write:
        PAGE.write_text(page(load_results()), "utf-8")


if __name__ == "__main__":
    main()
