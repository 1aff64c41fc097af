"""Has a process of its own execute the user's functions that choose parameters."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from wandb_magic.child_process import module_process
from wandb_magic.errors import SweepError
from wandb_magic.paths import SweepPaths
from wandb_magic.records import Params, Trial
from wandb_magic.supervisor.search_messages import Question, Reply, SweepInfo


class SearchProcess:
    """A `Searcher` whose answers come from `search_host`, started with the first question.

    The process keeps the runs that it was told of, so each question has what has changed since.
    One that has died is started again by the next supervisor, and told everything.

    Parameters
    ----------
    paths
        The sweep's paths.
    sweep
        The sweep as the user's code sees it.
    environment
        The environment of the process: that of the runs.
    """

    def __init__(
        self, paths: SweepPaths, sweep: SweepInfo, environment: Mapping[str, str]
    ) -> None:
        self._paths = paths
        self._sweep = sweep
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None
        self._known: dict[int, Trial] = {}
        self._is_closed = False

    def ask(self, number: int, trials: Sequence[Trial], *, cheap: bool = False) -> Params | None:  # noqa: ARG002 - there is no cheaper choice
        """Return the parameters of run `number`; see `Searcher`.

        Raises
        ------
        SweepError
            If the user's code fails, or its process dies.
        """
        process = self._process or self._start()
        plain = [replace(trial, history=()) for trial in trials]
        changed = tuple(each for each in plain if self._known.get(each.number) != each)
        try:
            line = self._exchange(process, Question(number, changed).to_json())
        except BrokenPipeError:
            line = ""
        if not line:
            code = process.wait()
            raise SweepError(
                f"scheduler.source: the process that executes it ended with code {code}: "
                f"{self._paths.log} has what it printed"
            )
        self._known |= {each.number: each for each in changed}
        reply = Reply.from_json(line)
        if reply.error:
            raise SweepError(reply.error)
        return reply.params

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._is_closed = True
        if self._process is not None:
            self._process.kill()

    def _start(self) -> subprocess.Popen[str]:
        if self._is_closed:
            raise SweepError("the search has ended")
        arguments = module_process(
            "wandb_magic.supervisor.search_host",
            str(self._paths.folder),
            environment=self._environment,
        )
        self._process = subprocess.Popen(
            **arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(self._sweep)) + "\n")
        return self._process

    @staticmethod
    def _exchange(process: subprocess.Popen[str], line: str) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return process.stdout.readline()
