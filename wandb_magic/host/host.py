"""One machine's runs: start them, signal them, follow them, and say how each ended."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from wandb_magic.detach import uncollected
from wandb_magic.disk import check_room, is_passing, shortage
from wandb_magic.host.core import SharedCore
from wandb_magic.host.events import Broken, Ended, Event, Logged, Notice, Ready, Started
from wandb_magic.host.forks import (
    TemplateClient,
    adopt_orphans,
    closing_process,
    reap_strangers,
    start_cold,
)
from wandb_magic.host.hung import HUNG_AFTER, HUNG_AFTER_S, HungWatch, place_of
from wandb_magic.host.living import Living, Parent, signal_group
from wandb_magic.host.watch import Watch
from wandb_magic.paths import user_folder, write_atomically, write_exclusively
from wandb_magic.processes import alive, memory_kills
from wandb_magic.records import RunId
from wandb_magic.run import Job
from wandb_magic.warm import flushes_late

MOST_SPOILED = 3  # templates by what they preload; then none preloads any more
TEMPLATE_DEATHS = 3  # a template that dies so often between two ends of runs is given up
POLL_S = 0.05
_DIED = "the process that forks the runs died ({how}): its runs go on"
LOOK_S = 0.5


class Host:
    """Owns the template, the runs, their files and the followers of their logs.

    All methods belong to one event loop; `say` is called in it.

    Parameters
    ----------
    folder
        The sweep's folder.
    bundle
        The bundle's folder.
    environment
        The environment of the template and of cold runs.
    say
        Hears what happens.
    commands
        Whether the runs are commands, which share no wandb-core.
    """

    def __init__(
        self,
        folder: Path,
        bundle: Path,
        environment: Mapping[str, str],
        say: Callable[[Event], None],
        *,
        commands: bool = False,
    ) -> None:
        self._folder = folder
        self._bundle = bundle
        self._environment = dict(environment)
        self._say = say
        self._core = None if commands else SharedCore(folder, bundle, environment)
        self._template: TemplateClient | None = None
        self._template_ready = asyncio.Event()
        self._template_deaths = 0
        self._retired: list[TemplateClient] = []  # they wait for the last of their runs
        self._orphans: list[Living] = []  # asked of a template that has died since
        self._spoiled = 0
        self._notes: Path | None = user_folder() / "imports"
        self._cold = ""
        self._hung_watch = HungWatch(float(environment.get(HUNG_AFTER, HUNG_AFTER_S)))
        self._looked = 0.0
        self._watch = Watch(say, self._close_record)
        self._polling: asyncio.Task[None] | None = None
        self._closed = False

    async def start(self) -> None:
        """Start the template and the core; `Ready` or `Broken` says how that went."""
        adopt_orphans()
        self._polling = asyncio.create_task(self._poll_forever())
        # An error in it must reach the loop's handler at once, and not wait to be asked for.
        self._polling.add_done_callback(lambda task: task.cancelled() or task.result())
        self._start_template()
        if self._core is not None and await self._core.ensure() is None:
            self._say(Notice("this wandb has no shared core (0.26.1 has): runs start slower"))
        if flushes_late():
            self._say(
                Notice(
                    "this wandb writes late what runs log (0.31 does it at once): curves lag "
                    "behind, and a run that is killed loses its last points"
                )
            )
        await self._template_ready.wait()

    async def launch(self, job: Job, positions: Mapping[str, int]) -> None:
        """Start a run whose folder is prepared; `Started` follows once it has a process.

        `positions` says how far the logs of its earlier executions had been read.
        """
        check_room(self._folder)
        earlier = self._watch.get(job.run)
        while self._watch.get(job.run) is not None:  # noqa: ASYNC110 - polls anyway
            await asyncio.sleep(POLL_S)
        if earlier is not None:
            positions = {**positions, **earlier.logs.positions}
        # In a shared core, wandb knows a run by its id: whatever ended an earlier execution there
        # must never meet this one.
        if self._core is not None and not job.execution:
            token = await self._core.ensure()
            if self._core.deaths:
                self._say(Notice("the wandb-core of the runs died; those that used it failed"))
            if token is not None:
                write_atomically(job.paths.core, token)
                job = replace(job, core=token)
        living = Living(job, Parent.TEMPLATE, memory_kills(), positions=positions)
        self._begin(living)

    async def recover(self, job: Job, positions: Mapping[str, int]) -> None:
        """See a run through that an earlier supervisor had begun, or perhaps had not.

        `positions` says how far each of its logs had been read.
        """
        living = Living(job, Parent.NOBODY, memory_kills(), positions=positions)
        if not self._adopt(living):
            await self.launch(job, positions)

    def signal(self, run: RunId, number: int, reason: str) -> None:
        """Signal a run's whole process group; W&B's record will give `reason` for its end."""
        living = self._watch.get(run)
        if living is not None and living.process is not None and alive(living.process):
            living.reason = reason
            # A full disk must not keep a run from being ended: the store has the reason, too.
            with suppress(OSError):
                write_atomically(living.job.paths.stop, reason)
            signal_group(living.process.pid, number)

    async def close(self) -> None:
        """Wait for the last words about ended runs, then let the template and the core go."""
        while any(living.said for living in self._watch.living()):  # noqa: ASYNC110 - polls anyway
            await asyncio.sleep(POLL_S)
        self._closed = True
        if self._polling is not None:
            self._polling.cancel()
        for template in (self._template, *self._retired):
            if template is not None:
                template.let_go()
                await asyncio.to_thread(template.wait)
        if self._core is not None:
            await self._core.stop()
        await asyncio.to_thread(self._watch.close)

    def _close_record(self, living: Living, code: int) -> subprocess.Popen[bytes] | None:
        """Begin to write a dead run's ending into W&B's record of it, if that is still open."""
        if not living.logs.directory or not living.job.paths.core.exists():
            return None
        token = living.job.paths.core.read_text(encoding="ascii", errors="replace")
        if not token.isprintable() or not token.isascii():
            return None
        environment = {**self._environment, **living.job.environment, "WANDB_SERVICE": token}
        log = self._folder / "supervisor.log"
        try:
            return closing_process(living.job.run, code, living.reason, environment, log)
        except OSError:  # too many processes: W&B's record of the run stays open
            return None

    # Starting runs

    def _start_template(self) -> None:
        self._template_ready.clear()
        self._template = TemplateClient(self._bundle, self._environment, self._hear, self._notes)

    def _begin(self, living: Living) -> None:
        """Start a run; without a template yet, that is done when there is one."""
        self._watch.add(living)
        if self._cold:
            living.parent = Parent.HOST
            environment = {**self._environment, **living.job.environment}
            try:
                living.started_cold = start_cold(living.job, environment)
            except OSError as problem:
                reason = f"no process could be started for it: {problem.strerror}"
                self._watch.end(living, {"code": os.EX_OSERR, "error": reason})
                return
            self._confirm(living, living.started_cold.pid)
        elif self._template is not None and self._template_ready.is_set():
            living.template = self._template
            self._template.fork(living.job)

    def _confirm(self, living: Living, pid: int) -> None:
        living.note_pid(pid)
        assert living.process is not None
        self._watch.make_durable(living.job.paths.process)
        self._say(Started(living.job.run, living.process))

    def _adopt(self, living: Living) -> bool:
        """Take over the process that claimed the run; where none has, see to it that none will."""
        forestalled = write_exclusively(living.job.paths.process, "null")
        living.process = None if forestalled else living.claimant()
        if living.process is None and not living.damaged:
            living.job.paths.process.unlink()
            return False
        if living.process is None:
            # It had begun, and the machine went down: what it logged counts, it does not go on.
            for directory, entries, position in living.logs.poll_all():
                self._say(Logged(living.job.run, directory, entries, position))
            living.logs.close()
            self._say(Notice("process.json of a run was empty or damaged: the run counts as lost"))
            self._say(Ended(living.job.run, None, None, "", time.time()))
            return True
        living.parent = Parent.NOBODY
        living.confirmed = True
        self._watch.add(living)
        assert living.process is not None
        self._say(Started(living.job.run, living.process))
        return True

    # Hearing the template

    def _hear(self, template: TemplateClient, message: dict[str, Any]) -> None:
        event = message["event"]
        if "run" in message:
            self._hear_of_run(message)
        elif event in {"preloading", "preloaded", "spoiled"}:
            template.is_preloading = event == "preloading"
            if event == "spoiled":
                self._replace_spoiled(template)
        elif event == "ready":
            if message["cold"]:
                self._dismiss_template()
            for notice in message["notices"]:
                self._say(Notice(notice))
            self._go_on(message["cold"])
        elif event == "failed":
            self._closed = True
            self._say(Broken(message["reason"], message["details"]))
            self._template_ready.set()
        elif template in self._retired:
            self._retired.remove(template)
            how = self._how_ended(template, template.wait())
            self._say(Notice(_DIED.format(how=how)))
            self._rehome(template)
        else:
            self._mourn_template(template)

    def _hear_of_run(self, message: dict[str, Any]) -> None:
        living, event = self._watch.get(message["run"]), message["event"]
        if living is None:
            return
        if event == "forked":
            self._confirm(living, message["pid"])
        elif event == "unborn":
            self._watch.end(living, {"code": os.EX_OSERR, "error": message["reason"]})
        else:
            self._template_deaths = 0
            self._watch.end(living, message)

    def _look_for_hung_runs(self) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_S:
            return
        self._looked = now
        for living in self._watch.living():
            if stack := self._hung_watch.look(living):
                self._end_hung(living, stack)

    def _end_hung(self, living: Living, stack: str) -> None:
        """End a run that has hung since its fork; no run is forked any more."""
        assert living.process is not None
        where = place_of(stack)
        with suppress(OSError), living.job.paths.output.open("a", encoding="utf-8") as output:
            output.write(
                f"\nThis run hung after its fork, and starts anew. It was here:\n{stack}\n"
            )
        living.hung = True
        signal_group(living.process.pid, signal.SIGKILL)
        if not self._cold:
            self._cold = f"a run hung after its fork, in {where}"
            self._say(Notice(f"each run starts a fresh Python: {self._cold}"))

    # A template that imports what runs import late

    def _replace_spoiled(self, template: TemplateClient) -> None:
        """Start another template, which leaves to the runs what would hang its forks.

        The one that is there sees its runs through, and starts none of those that wait.
        """
        if self._closed or template is not self._template:
            return
        self._spoiled += 1
        if self._spoiled == MOST_SPOILED:
            self._notes = None
        for living in self._watch.living():
            if living.template is template and not living.confirmed:
                living.template = None
        self._retired.append(template)
        self._start_template()

    def _release_retired(self) -> None:
        busy = {id(each.template) for each in self._watch.living() if each.ending is None}
        for template in self._retired:
            if id(template) not in busy:
                template.close()
        self._retired = [each for each in self._retired if id(each) in busy]

    def _go_on(self, cold: str) -> None:
        """Take up the runs that waited for the template, or for the news that there is none."""
        self._template_ready.set()
        if cold:
            self._cold = cold
            self._say(Notice(f"each run starts a fresh Python: {cold}"))
        for living in self._watch.living():
            if living.parent is Parent.TEMPLATE and not living.confirmed:
                self._begin(living)
        self._say(Ready())

    def _mourn_template(self, template: TemplateClient) -> None:
        self._template = None
        code = template.wait()
        if self._closed:
            return
        if template.is_preloading:
            self._notes = None
        self._template_deaths += 1
        early = not self._template_ready.is_set()
        self._template_ready.clear()
        self._rehome(template)
        how = self._how_ended(template, code)
        if self._cold:
            self._go_on("")
        elif self._template_deaths < TEMPLATE_DEATHS and not (early and code >= 0):
            self._say(Notice(_DIED.format(how=how) + ", and it is started again"))
            self._start_template()
        else:
            self._go_on(f"the process that should fork the runs died ({how})")

    def _how_ended(self, template: TemplateClient, code: int) -> str:
        """Return how a template ended, and what may have ended it."""
        if code < 0:
            killer = code == -signal.SIGKILL and memory_kills() > template.memory_kills
            return f"killed by signal {-code}" + (
                " while the kernel's out-of-memory killer was at work" if killer else ""
            )
        short = shortage(self._folder).removeprefix("waiting for ")
        return f"exit code {code}" + (f", without {short}" if short else "")

    def _rehome(self, template: TemplateClient) -> None:
        """See to the runs of a template that has died."""
        for living in self._watch.living():
            if living.template is template and living.ending is None:
                living.template = None
                if living.confirmed:
                    living.parent = Parent.HOST
                else:
                    self._orphans.append(living)
        self._settle_orphans()

    def _settle_orphans(self) -> None:
        """Start runs that a template died with, unless it had; a full disk may take its time."""
        orphans, self._orphans = self._orphans, []
        for living in orphans:
            if living.confirmed or living.template is not None:
                continue  # another template has been ready since
            try:
                adopted = self._adopt(living)
            except OSError as error:
                if not is_passing(error):
                    raise
                self._orphans.append(living)
            else:
                if not adopted:
                    self._begin(living)

    def _dismiss_template(self) -> None:
        assert self._template is not None
        self._template.close()
        self._template.wait()
        self._template = None

    async def _poll_forever(self) -> None:
        while True:
            if self._core is not None and self._watch.living():
                self._core.touch()
            self._watch.poll()
            self._settle_orphans()
            self._look_for_hung_runs()
            self._release_retired()
            templates = (self._template, *self._retired)
            pids = {template.pid for template in templates if template is not None}
            reap_strangers(self._watch.children() | pids | uncollected())
            await asyncio.sleep(POLL_S)
