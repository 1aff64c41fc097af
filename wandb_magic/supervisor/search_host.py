"""The process that executes the user's functions that choose parameters: one for each sweep.

``python -m wandb_magic.supervisor.search_host FOLDER``; it ends with the supervisor, whose pipe it
reads. Only what the bundle's signature covers is executed, as it was when the sweep started.
"""

from __future__ import annotations

import inspect
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from wandb_magic.bundle import open_signed
from wandb_magic.bundle.manifest import scheduler_path
from wandb_magic.errors import SpecError, SweepError
from wandb_magic.paths import SweepPaths
from wandb_magic.search.own_study import StudySearcher, split_optimizer
from wandb_magic.spec import load
from wandb_magic.spec.scheduler import Scheduler
from wandb_magic.supervisor.search_messages import Question, Reply, SweepInfo


def main() -> None:
    """Answer the supervisor's questions until it closes the pipe."""
    logging.basicConfig(
        format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING, stream=sys.stderr
    )
    # What the user's code prints goes to the log.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sweep = SweepInfo(**json.loads(sys.stdin.readline()))
    searcher: StudySearcher | None = None
    for line in sys.stdin:
        question = Question.from_json(line)
        try:
            if searcher is None:
                searcher = make_searcher(SweepPaths(Path(sys.argv[1])), sweep)
            _send(answers, Reply(searcher.ask(question.number, question.trials)))
        except SweepError as error:
            _send(answers, Reply(error=str(error)))
        except Exception as error:  # noqa: BLE001 - the user's code may raise anything
            traceback.print_exc()
            _send(answers, Reply(error=_describe(error, load(sweep.config).scheduler)))


def _send(answers: TextIO, reply: Reply) -> None:
    answers.write(reply.to_json() + "\n")
    answers.flush()


def _describe(error: Exception, scheduler: Scheduler | None) -> str:
    source = "" if scheduler is None else scheduler.source
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.endswith("/bundle/scheduler.py")]
    where = f"{source}, line {own[-1].lineno}, in {own[-1].name}" if own else source
    return f"scheduler.source: {where}: {type(error).__name__}: {error}"


def make_searcher(paths: SweepPaths, sweep: SweepInfo) -> StudySearcher:
    """Execute the user's file, and return the search that its functions define.

    Raises
    ------
    SpecError
        If a function is not there, or returns something else than it should.
    """
    spec = load(sweep.config)
    assert spec.scheduler is not None
    module = _execute(paths)
    study, terminator, search_space = None, None, None
    if spec.scheduler.optimizer:
        name = spec.scheduler.optimizer
        function = _function(module, "optimizer", name, "the sweep")
        study, terminator = split_optimizer(function(sweep), name)
    if spec.scheduler.search_space:
        search_space = _function(module, "search_space", spec.scheduler.search_space, "a trial")
    return StudySearcher(spec, study, search_space, terminator)


def _execute(paths: SweepPaths) -> ModuleType:
    """Execute the file as a module, in the folder in which the sweep started."""
    with open_signed(paths.bundle) as bundle:
        text = bundle.text(scheduler_path(paths.bundle).name)
        manifest = bundle.manifest
    os.chdir(manifest.working_directory)
    sys.path[:] = [*(entry for entry in manifest.path if entry not in sys.path), *sys.path]
    file = str(scheduler_path(paths.bundle))
    module = ModuleType("scheduler")
    module.__file__ = file
    sys.modules["scheduler"] = module
    exec(compile(text, file, "exec"), module.__dict__)  # noqa: S102 - signed by the user
    return module


def _function(module: ModuleType, key: str, name: str, argument: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(module, name, None) or (lambda: None)
    try:
        inspect.signature(function).bind(object())
    except TypeError:
        raise SpecError(
            f"scheduler.{key}: {name} must be a function that takes {argument} and nothing else"
        ) from None
    return function


if __name__ == "__main__":
    main()
