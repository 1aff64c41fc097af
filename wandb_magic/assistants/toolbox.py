"""The tools: what each does, its arguments, and whether it changes anything.

They are the same verbs as everywhere else, and know nothing of the protocol. A tool that changes
something is refused unless the user has allowed it. No tool unpickles anything or trusts a sweep.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wandb_magic.api import _log_reader
from wandb_magic.api._local_sweeps import find_local, sweeps
from wandb_magic.api._options import LaunchOptions, RunCode
from wandb_magic.api._start import start_sweep
from wandb_magic.api._sweep import Sweep
from wandb_magic.arguments import ArgumentError, brief
from wandb_magic.assistants.answers import MAX_BYTES, clean, page, position, table
from wandb_magic.assistants.roots import Roots
from wandb_magic.display import failure_view, formatting
from wandb_magic.errors import SweepError, SweepNotFoundError
from wandb_magic.records import Options, RunRecord, RunState, new_id
from wandb_magic.spec import load

_NEWEST, _BEST = 20, 5
_MAX_POINTS = 50
_WAIT_S = 25.0  # less than the time that clients wait for an answer
_MAX_WAIT_S = 600.0
_POLL_S = 0.5

Progress = Callable[[float, float | None, str], None]
"""Called by `wait`, again and again, with the number of ended runs, their total if there is one,
and the status; what it raises ends the waiting."""


@dataclass(frozen=True)
class Tool:
    """A tool.

    Attributes
    ----------
    help
        What it does, for the assistant.
    arguments
        JSON schemas of its arguments, by name.
    required
        The names of those that must be given.
    writes
        Whether it changes anything.
    """

    help: str
    arguments: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...] = ()
    writes: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of its arguments."""
        return {
            "type": "object",
            "properties": {name: dict(schema) for name, schema in self.arguments.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }


def _text(description: str, **more: object) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


def _integer(description: str, minimum: int = 0, maximum: int = 2**31 - 1) -> dict[str, Any]:
    return {"type": "integer", "description": description, "minimum": minimum, "maximum": maximum}


_SWEEP = _text("a sweep: its id, an id prefix or its name; the newest by default")
_RUN = _text("a run: its number, its id or an id prefix")
_CURSOR = _text("the cursor of the last answer, for what comes after it")

TOOLS: dict[str, Tool] = {
    "list": Tool("List the sweeps, newest first.", {"cursor": _CURSOR}),
    "digest": Tool(
        "Summarize a sweep: its state, search space, five best and twenty newest runs, and its "
        "failures grouped by cause. Read this first.",
        {"sweep": _SWEEP},
    ),
    "runs": Tool(
        "List the runs of a sweep with their parameters and who proposed these (`user`: you, or a "
        "person), best first or by number.",
        {
            "sweep": _SWEEP,
            "order": _text("how to sort them", enum=["best", "number"]),
            "state": _text("only runs in this state", enum=[state.value for state in RunState]),
            "cursor": _CURSOR,
        },
    ),
    "curves": Tool(
        "Show what runs logged over their steps, thinned out.",
        {
            "sweep": _SWEEP,
            "key": _text("the key; the sweep's metric by default"),
            "runs": {
                "type": "array",
                "items": {"type": "string"},
                "maxItems": 20,
                "description": "the runs; the five best by default",
            },
            "points": _integer("how many points each curve has at most", 2, _MAX_POINTS),
            "cursor": _CURSOR,
        },
    ),
    "logs": Tool(
        "Show what a run printed: its end, or from a cursor on.",
        {"sweep": _SWEEP, "run": _RUN, "cursor": _CURSOR},
        ("run",),
    ),
    "failure": Tool(
        "Show why a run failed: the frames of its exception with their variables, or its last "
        "stack and output.",
        {"sweep": _SWEEP, "run": _RUN, "cursor": _CURSOR},
        ("run",),
    ),
    "wait": Tool(
        "Wait until a sweep ends or pauses, or the time is up. Call it again to go on waiting.",
        {"sweep": _SWEEP, "seconds": _integer("how long to wait at most", 0, int(_MAX_WAIT_S))},
    ),
    "start": Tool(
        "Start a sweep of a program, and return its id at once. The config names the program, "
        "which gets the parameters as --name=value.",
        {
            "config": {
                "type": ["object", "string"],
                "description": "a W&B sweep config, or the path of one as a YAML file",
            },
            "count": _integer("how many runs to start; optional for a grid", 1),
            "agents": _integer("how many runs execute at the same time", 1, 64),
            "name": _text("the sweep's name", maxLength=128),
        },
        ("config",),
        writes=True,
    ),
    "edit": Tool(
        "Change a sweep: its search space and other parts of its config, the total number of its "
        "runs, how many execute at the same time, or whether it is paused.",
        {
            "sweep": _SWEEP,
            "config": {
                "type": "object",
                "description": "a partial config, in which null removes what it names: "
                '{"parameters": {"lr": {"min": 1e-5, "max": 1}, "momentum": null}}',
            },
            "count": _integer("the total number of runs", 1),
            "agents": _integer("how many runs execute at the same time", 1, 64),
            "paused": {"type": "boolean", "description": "whether it starts no more runs"},
        },
        writes=True,
    ),
    "stop": Tool(
        "Stop a sweep, or only one of its runs. What was logged is kept.",
        {"sweep": _SWEEP, "run": _RUN},
        writes=True,
    ),
    "add": Tool(
        "Add runs: with parameters that you propose (what you leave out is drawn), or with those "
        "of an earlier run; or continue that run. The search learns from them.",
        {
            "sweep": _SWEEP,
            "params": {"type": "object", "description": "parameters by name, nested or dotted"},
            "n": _integer("how many runs with these parameters", 1, 100),
            "run": _RUN,
            "resume": {"type": "boolean", "description": "continue the run instead"},
        },
        writes=True,
    ),
    "report": Tool(
        "Write a sweep as one HTML page.",
        {"sweep": _SWEEP, "file": _text("the page, a new file that ends in .html")},
        ("file",),
        writes=True,
    ),
}


class Toolbox:
    """Carries out calls of tools; may be used from any thread.

    Parameters
    ----------
    roots
        The folders that may be seen.
    write
        Whether tools may change anything.
    permission
        How the user allows that, for the message that refuses it.
    """

    def __init__(
        self,
        roots: Roots,
        *,
        write: bool = False,
        permission: str = "",
    ) -> None:
        self._roots = roots
        self._write = write
        self._permission = permission
        self._handlers: dict[str, Callable[..., str]] = {
            "list": self._list,
            "digest": self._digest,
            "runs": self._runs,
            "curves": self._curves,
            "logs": self._logs,
            "failure": self._failure,
            "start": self._start,
            "edit": self._edit,
            "stop": self._stop,
            "add": self._add,
            "report": self._report,
        }

    @property
    def tools(self) -> dict[str, Tool]:
        """The tools that may be called."""
        return {name: tool for name, tool in TOOLS.items() if self._write or not tool.writes}

    def call(
        self, name: str, arguments: Mapping[str, Any], progress: Progress = lambda *_: None
    ) -> str:
        """Call a tool, and return its answer.

        Parameters
        ----------
        name, arguments
            The tool and its arguments, whatever they are.
        progress
            Informed while `wait` waits.

        Raises
        ------
        SweepError
            If it is refused or fails; the message says why.
        """
        tool = TOOLS.get(name)
        if tool is None:
            raise ArgumentError(f"there is no tool {brief(name)}: use {', '.join(self.tools)}")
        if tool.writes and not self._write:
            raise ArgumentError(
                f"{name} changes something, and this server only reads: {self._permission}"
            )
        checked = check_arguments(tool, arguments)
        if name == "wait":
            return self._wait(progress, **checked)
        return self._handlers[name](**checked)

    def _list(self, cursor: str = "") -> str:
        lines = []
        for sweep in sweeps():
            if self._roots.contains(sweep.path):
                try:
                    lines.append(f"{sweep.id}: {formatting.status_line(sweep.status())}")
                except SweepError as error:
                    lines.append(f"{sweep.id}: {error}")
        return page(lines, cursor) if lines else "There is no sweep below the declared folders."

    def _digest(self, sweep: str = "") -> str:
        found = self._find(sweep)
        status, runs = found.status(), found.records()
        lines = [f"sweep {found.id}: {formatting.status_line(status)}"]
        lines += formatting.notices(status)[-3:]
        config = found.config
        lines.append(f"method {config.get('method')}, metric {config.get('metric')}")
        space = (
            f"{name}: {value}" for name, value in dict(config.get("parameters") or {}).items()
        )
        lines += [clean(f"  {text}", 110) for text in list(space)[:10]]
        failures = Counter(run.cause for run in runs if run.state.is_failure)
        if failures:
            lines.append("failures:")
            for cause, count in failures.most_common(5):
                numbers = [str(run.number) for run in runs if run.cause == cause][:4]
                lines.append(clean(f"  {count} x {cause} (runs {', '.join(numbers)})", 130))
        if best := _ranked(found, _BEST):
            title = "the front, best by the first objective first:" if status.others else "best:"
            lines += [title, *(clean(f"  {_describe(run)}", 110) for run in best)]
        newest = [*reversed(runs)][:_NEWEST]
        lines += ["newest:", *(clean(f"  {_describe(run)}", 80) for run in newest)]
        return page(lines)

    def _runs(
        self, sweep: str = "", order: str = "best", state: str = "", cursor: str = ""
    ) -> str:
        found = self._find(sweep)
        runs = [run for run in found.records() if not state or run.state.value == state]
        if order == "best":
            ranks = {run.id: rank for rank, run in enumerate(_ranked(found, len(runs) or 1))}
            runs.sort(key=lambda run: (ranks.get(run.id, len(ranks)), run.number))
        rows = [
            (
                str(run.number),
                run.state.value,
                formatting.number(run.value),
                formatting.params(run),
                run.proposer.value,
                run.cause,
            )
            for run in runs
        ]
        metric = found.status().metric or "value"
        header = ("run", "state", metric, "parameters", "proposed by", "cause")
        return page(table(header, rows), cursor)

    def _curves(
        self,
        sweep: str = "",
        key: str = "",
        runs: list[str] | None = None,
        points: int = 20,
        cursor: str = "",
    ) -> str:
        found = self._find(sweep)
        key = key or found.status().metric
        if not key:
            raise ArgumentError(
                "key: the sweep has no metric, so name a key that runs have logged"
            )
        chosen = [_parse_run(run) for run in runs or []] or [
            run.id for run in _ranked(found, _BEST)
        ]
        frame = found.history(key, chosen or None, points=points)
        numbers = {str(run.id): run.number for run in found.records()}
        lines = [f"{key} by step, as step:value or step:lowest..highest"]
        for id_, curve in frame.groupby(level="run"):
            steps = curve.index.get_level_values("step")
            values = zip(steps, curve[(key, "low")], curve[(key, "high")], strict=True)
            text = " ".join(_point(step, low, high) for step, low, high in values)
            # Long curves take several lines, so that a cursor can stand between them.
            parts = [text[at : at + 250] for at in range(0, len(text), 250)]
            lines += [
                f"run {numbers.get(str(id_), id_)}: {parts[0]}",
                *(f"  {part}" for part in parts[1:]),
            ]
        return page(lines, cursor)

    def _logs(self, run: str, sweep: str = "", cursor: str = "") -> str:
        path = self._find(sweep).log_path(_parse_run(run))
        size = _log_reader.tail(path, 0).size
        length = MAX_BYTES - 300
        begin = position(cursor, size) if cursor else max(0, size - length)
        text = _log_reader.read_part(path, begin, length)
        # What is masked and escaped has another length than what was read.
        lines = page(text.decode("utf-8", "replace").splitlines()).encode()[: MAX_BYTES - 150]
        end = min(size, begin + length)
        note = f"(bytes {begin} to {end} of {size}"
        note += f"; before: cursor {max(0, begin - length)}" if begin else ""
        note += f"; more: cursor {end})" if end < size else ")"
        return f"{lines.decode('utf-8', 'ignore')}\n{note}"

    def _failure(self, run: str, sweep: str = "", cursor: str = "") -> str:
        failure = self._find(sweep).failure(_parse_run(run))
        return page(failure_view.text(failure).splitlines(), cursor)

    def _wait(self, progress: Progress, sweep: str = "", seconds: int = int(_WAIT_S)) -> str:
        found = self._find(sweep)
        deadline = time.monotonic() + seconds
        while True:
            status = found.status()
            line = formatting.status_line(status)
            progress(status.ended, status.sweep.budget, clean(line))
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not formatting.is_active(status):
                return page([f"sweep {found.id}: {line}", *formatting.notices(status)[-3:]])
            found.wait(min(_POLL_S, remaining))

    def _start(
        self, config: Mapping[str, Any] | str, count: int = 0, agents: int = 1, name: str = ""
    ) -> str:
        source: Any = config
        if isinstance(config, str):
            source = self._roots.resolve("config", config)
        elif "command" in config:
            raise ArgumentError(
                "config: `command` may execute anything: write it into a file that the user sees, "
                "and pass its path"
            )
        spec = load(source)
        if not spec.program:
            raise ArgumentError("config: name the `program` that each run executes")
        self._roots.resolve("program", spec.program)
        options = LaunchOptions(
            count=count or None,
            agents=agents,
            name=name or None,
            project=None,
            entity=None,
            mode="auto",
            options=Options(seed=int(new_id(), 36) % 2**31),
            env=None,
            folder=str(self._roots.first),
        )
        sweep = start_sweep(source, RunCode(), options)
        return page(
            [f"sweep {sweep.id} has started in {sweep.path}", *sweep.status().sweep.notices]
        )

    def _edit(
        self,
        sweep: str = "",
        config: Mapping[str, Any] | None = None,
        count: int = 0,
        agents: int = 0,
        *,
        paused: bool | None = None,
    ) -> str:
        found = self._find(sweep)
        if not config and not count and not agents and paused is None:
            raise ArgumentError("edit: give at least one of config, count, agents and paused")
        if config:
            found.edit(config)
        if count:
            found.set_count(count)
        if agents:
            found.set_agents(agents)
        if paused is not None:
            found = found.pause() if paused else found.resume()
        notices = formatting.notices(found.status())[-1:] if config else []
        return page([f"sweep {found.id}: {formatting.status_line(found.status())}", *notices])

    def _stop(self, sweep: str = "", run: str = "") -> str:
        found = self._find(sweep)
        if run:
            found.stop_run(_parse_run(run))
            return page([f"run {run} of sweep {found.id} stops"])
        found.stop()
        return page([f"sweep {found.id} stops"])

    def _add(
        self,
        sweep: str = "",
        params: Mapping[str, Any] | None = None,
        n: int = 1,
        run: str = "",
        *,
        resume: bool = False,
    ) -> str:
        found = self._find(sweep)
        if (params is None) is not bool(run):
            raise ArgumentError("add: give either params or run")
        if params is not None:
            found.add(params, n)
            return page([f"sweep {found.id} starts {n} runs with these parameters next"])
        if resume:
            found.resume_run(_parse_run(run))
            return page([f"run {run} of sweep {found.id} continues"])
        for _ in range(n):
            found.rerun(_parse_run(run))
        return page([f"run {run} of sweep {found.id} starts again"])

    def _report(self, file: str, sweep: str = "") -> str:
        path = self._roots.resolve("file", file)
        if path.suffix != ".html" or path.exists():
            raise ArgumentError(f"file: {brief(file)} is not a new file that ends in .html")
        return page([f"the report is {self._find(sweep).report(path)}"])

    def _find(self, name: str) -> Sweep:
        """Return a sweep that lies below a declared folder."""
        if not name:
            found = next((each for each in sweeps() if self._roots.contains(each.path)), None)
        elif "/" in name or name.startswith((".", "~")) or "\0" in name:
            raise ArgumentError(f"sweep: {brief(name)} is a path: give its id or name")
        else:
            found = find_local(name)
        if found is None or not self._roots.contains(found.path):
            raise SweepNotFoundError(
                f"there is no sweep {brief(name)} below the declared folders"
                if name
                else "there is no sweep below the declared folders"
            )
        return found


def _ranked(sweep: Sweep, n: int) -> list[RunRecord]:
    """Return the best runs; those on the front if there are several objectives."""
    if not sweep.status().others:
        return sweep.best(n)
    runs = {run.id: run for run in sweep.records()}
    return [runs[id_] for id_ in list(sweep.pareto().index)[:n]]


def check_arguments(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool's arguments, checked against their schemas.

    Raises
    ------
    ArgumentError
        If one is missing, unknown or wrong.
    """
    if not isinstance(arguments, Mapping):
        raise ArgumentError("the arguments must be a JSON object")
    for name in arguments:
        if name not in tool.arguments:
            raise ArgumentError(
                f"there is no argument {brief(name)}: use {', '.join(tool.arguments)}"
            )
    for name in tool.required:
        if arguments.get(name) is None:
            raise ArgumentError(f"{name}: must be given")
    given = {name: value for name, value in arguments.items() if value is not None}
    for name, value in given.items():
        _check(name, value, tool.arguments[name])
    return given


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "object": dict,
    "array": list,
}


def _check(name: str, value: Any, schema: Mapping[str, Any]) -> None:  # noqa: ANN401 - JSON
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    is_type = any(isinstance(value, _TYPES[each]) for each in types)
    if not is_type or (isinstance(value, bool) and "boolean" not in types):
        raise ArgumentError(f"{name}: must be of type {' or '.join(types)}, and is {brief(value)}")
    if "enum" in schema and value not in schema["enum"]:
        raise ArgumentError(f"{name}: must be one of {', '.join(schema['enum'])}")
    if isinstance(value, int) and not isinstance(value, bool):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        if not low <= value <= high:
            raise ArgumentError(f"{name}: must be from {low} to {high}, and is {brief(value)}")
    if isinstance(value, str) and len(value) > schema.get("maxLength", 4096):
        raise ArgumentError(f"{name}: is too long")
    if isinstance(value, list):
        if len(value) > schema["maxItems"]:
            raise ArgumentError(f"{name}: must have at most {schema['maxItems']} items")
        for each in value:
            _check(name, each, schema["items"])


def _parse_run(text: str) -> str | int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 8 else text  # noqa: PLR2004 - an id is as long


def _describe(run: RunRecord) -> str:
    value = "" if run.value is None else f" {formatting.number(run.value)}"
    return f"{run.number} {run.state.value}{value} {formatting.params(run)}"


def _point(step: int, low: float, high: float) -> str:
    lowest, highest = formatting.number(low), formatting.number(high)
    return f"{step}:{lowest}" if lowest == highest else f"{step}:{lowest}..{highest}"
