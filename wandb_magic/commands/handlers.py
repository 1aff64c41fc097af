"""Handles each verb, for both the magic and the command line."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from wandb_magic.analysis.escape_sequences import plain_line, strip_escape_sequences
from wandb_magic.api import _log_reader
from wandb_magic.api._fetch import fetch
from wandb_magic.api._local_sweeps import all_sweeps, find_local
from wandb_magic.api._sweep import Sweep
from wandb_magic.api._unreadable_sweep import UnreadableSweep
from wandb_magic.commands import analysis_handlers
from wandb_magic.commands.assignments import parse_assignments, parse_value
from wandb_magic.commands.launch_options import parse_duration
from wandb_magic.commands.parser import ALIASES, REMOVAL, UsageError
from wandb_magic.commands.result import CommandResult
from wandb_magic.commands.serializers import failure_to_json, run_to_json, sweep_to_json
from wandb_magic.commands.spec_changes import parse_changes
from wandb_magic.display import failure_view, formatting, log_note, tables
from wandb_magic.errors import SweepNotFoundError, SweepStateError
from wandb_magic.records import ID_LENGTH, flatten_keys
from wandb_magic.requests import REQUESTS


class Frontend(Protocol):
    """The interface to the user: a notebook or a terminal; used from one thread."""

    def latest_sweep(self) -> Sweep | None:
        """Return the sweep to use when the user names none."""

    def show(self, line: str) -> None:
        """Show one line of streamed output."""

    def watch(self, sweep: Sweep, timeout: float | None) -> None:
        """Wait for the end of a sweep, and show its progress."""

    def confirm(self, question: str) -> bool:
        """Ask the user whether to continue."""

    def shell(self) -> object:
        """Return IPython's shell; None in a terminal."""


def dispatch(options: argparse.Namespace, frontend: Frontend) -> CommandResult:
    """Run the verb that was typed.

    Raises
    ------
    SweepError
        If it fails.
    """
    verb = ALIASES.get(options.verb, options.verb)
    if verb == "list":
        return _list()
    if verb == "doctor":
        return _doctor(frontend)
    if verb == "fetch":
        result = fetch(options.remote_sweep)
        line = f"{_title(result)} is in {result.path}: {formatting.status_line(result.status())}"
        return CommandResult(line, sweep_to_json(result))
    _shift_names(verb, options)
    sweep = _resolve_sweep(options.sweep, frontend)
    if verb == "logs":
        return _logs(sweep, options, frontend)
    if verb in _QUERIES:
        return _QUERIES[verb](sweep, options)
    return CommandResult(_ACTIONS.get(verb, _send_request)(sweep, options, frontend))


def _shift_names(verb: str, options: argparse.Namespace) -> None:
    """Give a word to the argument that it is meant for, if the sweep was left out."""
    if verb == "rerun" and not options.failed and options.run is None:
        options.sweep, options.run = None, options.sweep  # a single name is the run's
    if verb == "report" and options.file is None and str(options.sweep).endswith(".html"):
        options.sweep, options.file = None, options.sweep  # as above: a single name is the file's
    if verb == "fork" and (options.run is None or _is_change(options.run)):
        options.values = [*([options.run] if options.run else []), *options.values]
        options.sweep, options.run = None, options.sweep  # as above
    if verb in ("add", "edit") and options.sweep and _is_change(options.sweep):
        # As above: it is a parameter's.
        words = options.values if verb == "add" else options.changes
        words.insert(0, options.sweep)
        options.sweep = None
    if verb == "tell" and not options.values and options.error is None:
        # As above: one word and a value are the run's.
        options.sweep, options.run, options.values = None, options.sweep, [options.run]


def _list() -> CommandResult:
    """List all sweeps; one that cannot be read does not hide the others."""
    readable: list[Sweep] = []
    data: list[dict[str, Any]] = []
    lines: list[str] = []
    for sweep in all_sweeps():
        try:
            data.append(sweep_to_json(sweep))
            readable.append(sweep)
        except Exception as error:  # noqa: BLE001 - the folder may hold anything
            reason = getattr(sweep, "reason", str(error))
            data.append({"id": sweep.id, "name": sweep.name, "unreadable": reason})
            lines.append(f"{_title(sweep)} cannot be read: {reason}")
    table = [tables.sweeps_table(readable)] if readable or not lines else []
    return CommandResult("\n".join([*table, *lines]), data)


def _doctor(frontend: Frontend) -> CommandResult:
    from wandb_magic.doctor import report, run_checks  # noqa: PLC0415 - no other verb needs it
    from wandb_magic.doctor.environment import Environment  # noqa: PLC0415 - as above

    sections = run_checks(Environment(frontend.shell()))
    html = report.html(sections)
    return CommandResult(
        report.text(sections),
        report.to_json(sections),
        html=html,
        is_error=report.has_problems(sections),
    )


def _status(sweep: Sweep, _: argparse.Namespace) -> CommandResult:
    return CommandResult(formatting.status_lines(sweep.status()), sweep_to_json(sweep))


def _runs(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        runs = sweep.records(options.where)
    text = "\n".join([tables.runs_table(runs), *(f"note: {note.message}" for note in notes)])
    where = options.where
    return CommandResult(text, [run_to_json(run) for run in runs], lambda: sweep.runs(where))


def _best(sweep: Sweep, _: argparse.Namespace) -> CommandResult:
    run = sweep.best()
    params = [plain_line(f"{key}: {value}") for key, value in flatten_keys(run.params, "").items()]
    head = f"run {run.number} ({run.id}): {sweep.status().metric} {formatting.number(run.value)}"
    return CommandResult("\n  ".join([head, *params]), run_to_json(run))


def _history(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    objective = sweep.status().metric
    if options.run is not None:
        run = _parse_run(options.run)
        frame = sweep.history(options.metric, run, where=options.where).droplevel("run")
    elif options.metric or objective:
        key = options.metric or objective
        frame = sweep.history(key, where=options.where)[key].unstack("run")
    else:
        raise UsageError("history: the sweep has no metric: name a key with --metric KEY")
    return CommandResult(frame.to_string(), frame=lambda: frame)


def _failure(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    failure = sweep.failure(_parse_run(options.run))
    return CommandResult(failure_view.text(failure), failure_to_json(failure))


def _stack(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    return CommandResult(strip_escape_sequences(sweep.stack(_parse_run(options.run))))


def _debug(sweep: Sweep, options: argparse.Namespace, frontend: Frontend) -> str:
    from wandb_magic.display.debugger import debug  # noqa: PLC0415 - no other verb needs it

    run = _parse_run(options.run)
    if (held := sweep.held(run)) is not None:
        from wandb_magic.display.held_debugger import debug_held  # noqa: PLC0415 - as above

        debug_held(held.number, held.hold, listen=options.listen)
        return ""
    if options.listen:
        raise SweepStateError(
            f"run {options.run} is not held, so no debugger can attach to it: start the sweep "
            "with --hold 10, and use `debug` without --listen here"
        )
    debug(sweep.failure(_parse_run(options.run), trust=options.trust), frontend.shell())
    return ""


def _logs(sweep: Sweep, options: argparse.Namespace, frontend: Frontend) -> CommandResult:
    if options.all and options.tail is not None:
        raise UsageError(f"logs: use either --all or --tail {options.tail}")
    if options.tail is not None and options.tail < 0:
        raise UsageError(f"logs: --tail {options.tail}: give the number of lines, from 0")
    run = _parse_run(options.run)
    path = sweep.log_path(run)
    # A terminal shows all of it, to read or pipe; a notebook would save all of it in its file.
    lines, max_bytes = options.tail, None
    if lines is None and not options.all and frontend.shell() is not None:
        lines, max_bytes = _log_reader.TAIL_LINES, _log_reader.TAIL_BYTES
    end = _log_reader.Tail(0, 0) if lines is None else _log_reader.tail(path, lines, max_bytes)
    if options.follow:
        for line in _log_reader.follow(path, lambda: sweep.is_over(run), end.begin):
            frontend.show(line)
    elif text := _log_reader.read(path, end.begin).removesuffix("\n"):
        frontend.show(text)
    if not end.begin or frontend.shell() is None:
        return CommandResult("")
    return CommandResult(log_note.text(path, end), html=log_note.html(path, end))


def _wait(sweep: Sweep, options: argparse.Namespace, frontend: Frontend) -> str:
    timeout = None if options.timeout is None else parse_duration(options.timeout)
    frontend.watch(sweep, timeout)
    return formatting.status_lines(sweep.status())


def _send_request(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    """Send a request that the command line knows only from its row in `REQUESTS`."""
    verb = options.verb.replace("-", "_")
    request = REQUESTS[verb]
    arguments = {name: getattr(options, name) for name in request.arguments}
    if "run" in arguments:
        arguments["run"] = _parse_run(arguments["run"])
    trust = {"trust": options.trust} if request.starts else {}
    getattr(sweep, verb)(**arguments, **trust)
    return request.answer.format(sweep=_title(sweep), **arguments)


def _limits(options: argparse.Namespace) -> dict[str, Any]:
    """Return the limits that were typed; ``none`` removes one."""
    limits: dict[str, Any] = {}
    if options.max_time is not None:
        no_limit = options.max_time.lower() == "none"
        limits["max_time"] = None if no_limit else parse_duration(options.max_time)
    for name in ("max_cost", "price_per_hour"):
        if (text := getattr(options, name)) is not None:
            limits[name] = None if text.lower() == "none" else parse_value(text)
    if options.until_flat is not None:
        limits["until_flat"] = options.until_flat == "yes"
    return limits


def _stop(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    if not isinstance(sweep, UnreadableSweep) and sweep.status().sweep.state.has_ended:
        return f"{_title(sweep)} has already ended"
    sweep.stop(drain=options.drain)
    when = " when its active runs have ended" if options.drain else ""
    return f"{_title(sweep)} stops{when}"


def _resume(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    if limits := _limits(options):
        sweep.set_limits(limits, trust=options.trust)
        if sweep.state not in REQUESTS["resume"].states:
            return f"{_title(sweep)} continues"
    resumed = sweep.resume(online=options.online, count=options.count, trust=options.trust)
    if options.online:
        return f"{_title(sweep)} continues online as {resumed.url}"
    return f"{_title(sweep)} continues"


def _rerun(sweep: Sweep, options: argparse.Namespace, frontend: Frontend) -> str:
    if options.failed:
        if options.run is not None:
            raise UsageError(f"rerun: use either run {options.run} or --failed")
        sweep.rerun_failed(resume=options.resume, trust=options.trust)
        return _describe_rerun(
            sweep, "the failed runs", "continue" if options.resume else "start again"
        )
    if options.run is None:
        raise UsageError("rerun: name a run, or use --failed for all failed runs")
    if options.resume:
        return _resume_run(sweep, options, frontend)
    sweep.rerun(_parse_run(options.run), trust=options.trust)
    return _describe_rerun(sweep, f"run {options.run}", "starts again")


def _resume_run(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    sweep.resume_run(_parse_run(options.run), trust=options.trust)
    return _describe_rerun(sweep, f"run {options.run}", "continues")


def _describe_rerun(sweep: Sweep, runs: str, action: str) -> str:
    when = " when the sweep is resumed" if sweep.state == "paused" else ""
    return f"{runs} of {_title(sweep)} {action}{when}"


def _annotate(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    baseline = "" if options.baseline == "none" else options.baseline
    labels = _labels(sweep.tags, options)
    _require_any(options, [*labels.values(), baseline])
    sweep.annotate(**labels, baseline=_parse_run(baseline) if baseline else baseline)
    text = [f"notes: {sweep.notes}"] if sweep.notes else []
    text += [f"tags: {', '.join(sweep.tags)}"] if sweep.tags else []
    text += [f"baseline: run {run.number}"] if (run := sweep.baseline) is not None else []
    return plain_line("; ".join([_title(sweep), *text]))


def _annotate_run(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    run = _parse_run(options.run)
    labels = _labels(sweep.labels(run)["tags"], options)
    _require_any(options, [*labels.values(), options.pin, options.hide])
    sweep.annotate_run(run, **labels, pinned=options.pin, hidden=options.hide)
    now = sweep.labels(run)
    text = [f"{key}: {now[key]}" for key in ("name", "notes") if now[key]]
    text += [f"tags: {', '.join(now['tags'])}"] if now["tags"] else []
    text += [key for key in ("pinned", "hidden") if now[key]]
    return plain_line("; ".join([f"run {options.run} of {_title(sweep)}", *text]))


def _labels(tags: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """Return the name, notes and tags that were typed; None for what stays."""
    changed = [tag for tag in [*tags, *options.tag] if tag not in options.untag]
    is_changed = bool(options.tag or options.untag)
    return {
        "name": options.name,
        "notes": options.notes,
        "tags": changed if is_changed else None,
    }


def _require_any(options: argparse.Namespace, values: list[object]) -> None:
    if all(value is None for value in values):
        raise UsageError(f"{options.verb}: give --name, --notes, --tag or another option")


def _edit(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    changes: dict[str, Any] = {}
    if options.changes:
        changes["parameters"] = parse_changes(options.changes, sweep.config)
    for key in ("method", "run_cap", "early_terminate"):
        if (text := getattr(options, key)) is not None:
            changes[key] = _parse_or_none(text)
    metric = {"name": options.metric, "goal": options.goal}
    metric = {key: value for key, value in metric.items() if value is not None}
    if options.target is not None:
        metric["target"] = _parse_or_none(options.target)
    if metric:
        changes["metric"] = metric
    sweep.edit(changes, earlier=parse_assignments(options.earlier), trust=options.trust)
    status = sweep.status().sweep
    return next(each for each in reversed(status.notices) if each.startswith("version "))


def _parse_or_none(text: str) -> object:
    return None if text == "none" else parse_value(text)


def _is_change(word: str) -> bool:
    return "=" in word or word.startswith(REMOVAL)


def _ask(sweep: Sweep, options: argparse.Namespace) -> CommandResult:
    proposals = sweep.ask(options.n, trust=options.trust)
    lines = []
    for each in proposals:
        params = [f"{name}={value}" for name, value in flatten_keys(each.params).items()]
        lines.append(plain_line("  ".join([each.id, *params])))
    return CommandResult(
        "\n".join(lines) or f"{_title(sweep)} has no more runs",
        [
            {"id": each.id, "number": each.number, "params": each.params, "seed": each.seed}
            for each in proposals
        ],
    )


def _tell(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    values: float | Mapping[str, Any] | None = None
    if len(options.values) == 1 and "=" not in options.values[0]:
        values = parse_value(options.values[0])
    elif options.values:
        values = parse_assignments(options.values)
    sweep.tell(_parse_run(options.run), values, error=options.error or "", trust=options.trust)
    return f"run {options.run} of {_title(sweep)} is recorded"


def _add(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    params = parse_assignments(options.values)
    sweep.add(params, options.n, force=options.force, trust=options.trust)
    runs = "a run" if options.n == 1 else f"{options.n} runs"
    action = "starts next" if options.n == 1 else "start next"
    return _describe_rerun(sweep, f"{runs} with these parameters", action)


def _fork(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    if options.run is None:
        raise UsageError("fork: name a run, as in fork 3 lr=1e-4")
    params = parse_assignments(options.values)
    sweep.fork(_parse_run(options.run), params, force=options.force, trust=options.trust)
    return _describe_rerun(sweep, f"a run from the checkpoint of run {options.run}", "starts next")


def _sync(sweep: Sweep, options: argparse.Namespace, frontend: Frontend) -> str:
    synced = sweep.sync(options.project, options.entity, once=options.once, trust=options.trust)
    if options.wait:
        frontend.show(
            f"sending {_title(sweep)} to {synced.url}; an interrupt stops only the waiting"
        )
        try:
            synced.wait(show=frontend.show)
        except KeyboardInterrupt:
            frontend.show(f"Stopped waiting; {_title(sweep)} is still being sent.")
        return ""
    return f"{_title(sweep)}: {synced.state}"


def _reproduce(sweep: Sweep, options: argparse.Namespace, frontend: Frontend) -> str:
    namespace = getattr(frontend.shell(), "user_ns", None)
    if namespace is None:
        raise SweepStateError(
            "reproduce loads a run into a notebook: in a terminal, use "
            f"`wandb-magic export {sweep.id} {options.run}`, which writes it as a script"
        )
    sweep.reproduce(_parse_run(options.run), namespace=namespace, trust=options.trust)
    return ""


def _export(sweep: Sweep, options: argparse.Namespace, _: Frontend) -> str:
    folder = sweep.export(_parse_run(options.run), options.folder)
    return f"run {options.run} of {_title(sweep)} is in {folder}: python {folder / 'run.py'}"


def _delete(sweep: Sweep, options: argparse.Namespace, frontend: Frontend) -> str:
    if isinstance(sweep, UnreadableSweep):
        return _delete_unreadable(sweep, options, frontend)
    name, run_count = _title(sweep), len(sweep.records())
    if not options.yes and not frontend.confirm(f"Delete {name} with its {run_count} runs?"):
        raise SweepStateError(f"{name} is kept: --yes deletes it with its {run_count} runs")
    sweep.delete()
    return f"{name} is deleted; W&B's own folders of its runs are kept"


def _delete_unreadable(
    sweep: UnreadableSweep, options: argparse.Namespace, frontend: Frontend
) -> str:
    name = _title(sweep)
    if not options.yes and not frontend.confirm(f"Delete {name}, which cannot be read?"):
        raise SweepStateError(f"{name} is kept: --yes deletes it, although it cannot be read")
    sweep.delete()
    return f"{name} is deleted; W&B's own folders of its runs are kept"


def _resolve_sweep(name: str | None, frontend: Frontend) -> Sweep:
    sweep = frontend.latest_sweep() if name is None else find_local(name)
    if sweep is None:
        raise SweepNotFoundError(
            "there is no sweep yet: start one with a %%wandb_sweep cell or `wandb-magic run`"
        )
    return sweep


def _title(sweep: Sweep) -> str:
    name = plain_line(sweep.name)
    return f"sweep {sweep.id}" if name == sweep.id else f"sweep {name} ({sweep.id})"


def _parse_run(text: str) -> str | int:
    return int(text) if text.isdecimal() and len(text) < ID_LENGTH else text


_QUERIES: Mapping[str, Callable[[Sweep, argparse.Namespace], CommandResult]] = {
    "status": _status,
    "runs": _runs,
    "best": _best,
    "history": _history,
    "failure": _failure,
    "stack": _stack,
    "ask": _ask,
    "importance": analysis_handlers.importance,
    "compare": analysis_handlers.compare,
    "study": analysis_handlers.study,
    "to-parquet": analysis_handlers.to_parquet,
    "report": analysis_handlers.report,
}
_ACTIONS: Mapping[str, Callable[[Sweep, argparse.Namespace, Frontend], str]] = {
    "wait": _wait,
    "debug": _debug,
    "add": _add,
    "fork": _fork,
    "tell": _tell,
    "edit": _edit,
    "annotate": _annotate,
    "annotate-run": _annotate_run,
    "stop": _stop,
    "resume": _resume,
    "rerun": _rerun,
    "resume-run": _resume_run,
    "sync": _sync,
    "reproduce": _reproduce,
    "export": _export,
    "delete": _delete,
}
