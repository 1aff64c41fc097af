"""What each verb does, for the magic and the command line alike."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from wandb_magic.commands import conclusions
from wandb_magic.commands.answer import Answer
from wandb_magic.commands.data import run_data, sweep_data
from wandb_magic.commands.options import seconds
from wandb_magic.commands.parser import ALIASES, UsageError
from wandb_magic.display import log_note, tables, words
from wandb_magic.errors import SweepNotFoundError, SweepStateError
from wandb_magic.records import ID_LENGTH, documents
from wandb_magic.verbs import logs
from wandb_magic.verbs.fetching import fetch
from wandb_magic.verbs.finding import attach, known
from wandb_magic.verbs.handle import Sweep
from wandb_magic.verbs.unreadable import UnreadableSweep


class Surface(Protocol):
    """Where something was typed, and where answers appear; used from one thread."""

    def newest(self) -> Sweep | None:
        """Return the sweep that is meant when none is named."""

    def show(self, line: str) -> None:
        """Show a line of something that grows."""

    def watch(self, sweep: Sweep, timeout: float | None) -> None:
        """Wait for the end of a sweep, and show how it goes meanwhile."""

    def confirm(self, question: str) -> bool:
        """Ask whether to go on."""

    def shell(self) -> object:
        """Return IPython's shell; None in a terminal."""


def perform(options: argparse.Namespace, surface: Surface) -> Answer:
    """Do what was typed.

    Raises
    ------
    SweepError
        If it cannot be done.
    """
    verb = ALIASES.get(options.verb, options.verb)
    if verb == "list":
        return _list()
    if verb == "doctor":
        return _doctor(surface)
    if verb == "fetch":
        fetched = fetch(options.there)
        line = f"{_named(fetched)} is in {fetched.path}: {words.line(fetched.status())}"
        return Answer(line, sweep_data(fetched))
    if verb == "rerun" and not options.failed and options.run is None:
        options.sweep, options.run = None, options.sweep  # one name alone is the run's
    if verb == "report" and options.file is None and str(options.sweep).endswith(".html"):
        options.sweep, options.file = None, options.sweep  # as above: one name alone is the page's
    sweep = _meant(options.sweep, surface)
    if verb == "logs":
        return _logs(sweep, options, surface)
    if verb in _READS:
        return _READS[verb](sweep, options)
    return Answer(_ACTS[verb](sweep, options, surface))


def _list() -> Answer:
    """List all sweeps; one that cannot be read hides no other."""
    shown: list[Sweep] = []
    data: list[dict[str, Any]] = []
    lines: list[str] = []
    for sweep in known():
        try:
            data.append(sweep_data(sweep))
            shown.append(sweep)
        except Exception as error:  # noqa: BLE001 - whatever its folder holds
            reason = getattr(sweep, "reason", str(error))
            data.append({"id": sweep.id, "name": sweep.name, "unreadable": reason})
            lines.append(f"{_named(sweep)} cannot be read: {reason}")
    table = [tables.of_sweeps(shown)] if shown or not lines else []
    return Answer("\n".join([*table, *lines]), data)


def _doctor(surface: Surface) -> Answer:
    from wandb_magic.doctor import examine, report  # noqa: PLC0415 - no other verb needs it
    from wandb_magic.doctor.place import Place  # noqa: PLC0415 - as above

    found = examine(Place(surface.shell()))
    html = report.html(found)
    return Answer(report.text(found), report.data(found), html=html, wrong=report.wrong(found))


def _status(sweep: Sweep, _: argparse.Namespace) -> Answer:
    return Answer(words.lines(sweep.status()), sweep_data(sweep))


def _runs(sweep: Sweep, _: argparse.Namespace) -> Answer:
    runs = sweep.records()
    return Answer(tables.of_runs(runs), [run_data(run) for run in runs], sweep.runs)


def _best(sweep: Sweep, _: argparse.Namespace) -> Answer:
    run = sweep.best()
    chosen = [f"  {key}: {value}" for key, value in documents(run.params, "").items()]
    head = f"run {run.number} ({run.id}): {sweep.status().metric} {words.number(run.value)}"
    return Answer("\n".join([head, *chosen]), run_data(run))


def _history(sweep: Sweep, options: argparse.Namespace) -> Answer:
    objective = sweep.status().metric
    if options.run is not None:
        frame = sweep.history(options.metric, _run_name(options.run)).droplevel("run")
    elif options.metric or objective:
        key = options.metric or objective
        frame = sweep.history(key)[key].unstack("run")
    else:
        raise UsageError("history: the sweep has no metric, name one with --metric KEY")
    return Answer(frame.to_string(), frame=lambda: frame)


def _logs(sweep: Sweep, options: argparse.Namespace, surface: Surface) -> Answer:
    if options.all and options.tail is not None:
        raise UsageError(f"logs: either --all or --tail {options.tail}")
    if options.tail is not None and options.tail < 0:
        raise UsageError(f"logs: --tail {options.tail}: give the number of lines, from 0")
    run = _run_name(options.run)
    path = sweep.log_path(run)
    # A terminal is for reading and piping all of it; a notebook would keep all of it in its file.
    lines, octets = options.tail, None
    if lines is None and not options.all and surface.shell() is not None:
        lines, octets = logs.TAIL_LINES, logs.TAIL_OCTETS
    end = logs.Tail(0, 0) if lines is None else logs.tail(path, lines, octets)
    if options.follow:
        for line in logs.follow(path, lambda: sweep.is_over(run), end.begin):
            surface.show(line)
    elif shown := logs.read(path, end.begin).removesuffix("\n"):
        surface.show(shown)
    if not end.begin or surface.shell() is None:
        return Answer("")
    return Answer(log_note.text(path, end), html=log_note.html(path, end))


def _wait(sweep: Sweep, options: argparse.Namespace, surface: Surface) -> str:
    timeout = None if options.timeout is None else seconds(options.timeout)
    surface.watch(sweep, timeout)
    return words.lines(sweep.status())


def _stop(sweep: Sweep, options: argparse.Namespace, _: Surface) -> str:
    if not isinstance(sweep, UnreadableSweep) and sweep.status().sweep.state.ended:
        return f"{_named(sweep)} has ended already"
    sweep.stop(drain=options.drain)
    when = " when its living runs have ended" if options.drain else ""
    return f"{_named(sweep)} stops{when}"


def _pause(sweep: Sweep, _: argparse.Namespace, __: Surface) -> str:
    sweep.pause()
    return f"{_named(sweep)} starts no more runs until it is resumed"


def _resume(sweep: Sweep, options: argparse.Namespace, _: Surface) -> str:
    resumed = sweep.resume(online=options.online, count=options.count, trust=options.trust)
    if options.online:
        return f"{_named(sweep)} goes on online as {resumed.url}"
    return f"{_named(sweep)} goes on"


def _stop_run(sweep: Sweep, options: argparse.Namespace, _: Surface) -> str:
    sweep.stop_run(_run_name(options.run))
    return f"run {options.run} of {_named(sweep)} stops"


def _rerun(sweep: Sweep, options: argparse.Namespace, surface: Surface) -> str:
    if options.failed:
        if options.run is not None:
            raise UsageError(f"rerun: either run {options.run} or --failed")
        sweep.rerun_failed(resume=options.resume, trust=options.trust)
        return _again(sweep, "the failed runs", "go on" if options.resume else "start again")
    if options.run is None:
        raise UsageError("rerun: name a run, or say --failed for all that failed")
    if options.resume:
        return _resume_run(sweep, options, surface)
    sweep.rerun(_run_name(options.run), trust=options.trust)
    return _again(sweep, f"run {options.run}", "starts again")


def _resume_run(sweep: Sweep, options: argparse.Namespace, _: Surface) -> str:
    sweep.resume_run(_run_name(options.run), trust=options.trust)
    return _again(sweep, f"run {options.run}", "goes on")


def _again(sweep: Sweep, runs: str, happens: str) -> str:
    when = " when the sweep is resumed" if sweep.state == "paused" else ""
    return f"{runs} of {_named(sweep)} {happens}{when}"


def _set_agents(sweep: Sweep, options: argparse.Namespace, _: Surface) -> str:
    sweep.set_agents(options.number)
    return f"{_named(sweep)} executes up to {options.number} runs at a time"


def _set_count(sweep: Sweep, options: argparse.Namespace, _: Surface) -> str:
    sweep.set_count(options.number, trust=options.trust)
    return f"{_named(sweep)} will have {options.number} runs"


def _sync(sweep: Sweep, options: argparse.Namespace, surface: Surface) -> str:
    synced = sweep.sync(options.project, options.entity, once=options.once, trust=options.trust)
    if options.wait:
        surface.show(
            f"{_named(sweep)} is sent to {synced.url}; an interrupt ends the waiting only"
        )
        try:
            synced.wait(show=surface.show)
        except KeyboardInterrupt:
            surface.show(f"The waiting is over; {_named(sweep)} is sent all the same.")
        return ""
    return f"{_named(sweep)}: {synced.state}"


def _reproduce(sweep: Sweep, options: argparse.Namespace, surface: Surface) -> str:
    namespace = getattr(surface.shell(), "user_ns", None)
    if namespace is None:
        raise SweepStateError(
            "reproduce puts a run into a notebook: in a terminal, "
            f"`wandb-magic export {sweep.id} {options.run}` writes it as a script"
        )
    sweep.reproduce(_run_name(options.run), namespace=namespace, trust=options.trust)
    return ""


def _export(sweep: Sweep, options: argparse.Namespace, _: Surface) -> str:
    folder = sweep.export(_run_name(options.run), options.folder)
    return f"run {options.run} of {_named(sweep)} is in {folder}: python {folder / 'run.py'}"


def _delete(sweep: Sweep, options: argparse.Namespace, surface: Surface) -> str:
    if isinstance(sweep, UnreadableSweep):
        return _delete_unreadable(sweep, options, surface)
    name, lost = _named(sweep), len(sweep.records())
    if not options.yes and not surface.confirm(f"Delete {name} with its {lost} runs?"):
        raise SweepStateError(f"{name} is kept: --yes deletes it with its {lost} runs")
    sweep.delete()
    return f"{name} is deleted; W&B's own folders of its runs stay"


def _delete_unreadable(
    sweep: UnreadableSweep, options: argparse.Namespace, surface: Surface
) -> str:
    name = _named(sweep)
    if not options.yes and not surface.confirm(f"Delete {name}, which cannot be read?"):
        raise SweepStateError(f"{name} is kept: --yes deletes it, although it cannot be read")
    sweep.delete()
    return f"{name} is deleted; W&B's own folders of its runs stay"


def _meant(name: str | None, surface: Surface) -> Sweep:
    sweep = surface.newest() if name is None else attach(name)
    if sweep is None:
        raise SweepNotFoundError(
            "there is no sweep yet: start one with a %%wandb_sweep cell or `wandb-magic run`"
        )
    return sweep


def _named(sweep: Sweep) -> str:
    return f"sweep {sweep.id}" if sweep.name == sweep.id else f"sweep {sweep.name} ({sweep.id})"


def _run_name(text: str) -> str | int:
    return int(text) if text.isdecimal() and len(text) < ID_LENGTH else text


_READS: Mapping[str, Callable[[Sweep, argparse.Namespace], Answer]] = {
    "status": _status,
    "runs": _runs,
    "best": _best,
    "history": _history,
    "importance": conclusions.importance,
    "compare": conclusions.compare,
    "study": conclusions.study,
    "to-parquet": conclusions.to_parquet,
    "report": conclusions.report,
}
_ACTS: Mapping[str, Callable[[Sweep, argparse.Namespace, Surface], str]] = {
    "wait": _wait,
    "stop": _stop,
    "pause": _pause,
    "resume": _resume,
    "stop-run": _stop_run,
    "rerun": _rerun,
    "resume-run": _resume_run,
    "set-agents": _set_agents,
    "set-count": _set_count,
    "sync": _sync,
    "reproduce": _reproduce,
    "export": _export,
    "delete": _delete,
}
