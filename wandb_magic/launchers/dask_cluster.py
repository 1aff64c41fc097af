"""A Dask cluster as a sweep sees it: its workers, and the slots that the sweep has on them.

A slot is a Dask task that occupies a thread of a worker, so that the cluster's own scheduling and
scaling see what the sweep needs. It executes nothing itself, so Dask may repeat it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from distributed import Client, Future, Security, fire_and_forget

from wandb_magic.launchers.dask_worker import HANDLER, METADATA, hold_slot, install
from wandb_magic.launchers.plugin import SweepContext
from wandb_magic.launchers.worker_check import probe, worker_problem
from wandb_magic.records import RunId
from wandb_magic.resources import Host
from wandb_magic.runner.events import RunnerEvent, RunnerFailed, RunnerNotice, RunnerReady
from wandb_magic.slots import CircuitBreaker, ResourceError

TICK_S = 0.1
CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 60.0
GONE_TIMEOUT_S = 5.0  # for a worker that has left the scheduler
IDLE_SLOT_S = 5.0  # before a slot that nobody needs is given back
SLOT_S = 30.0  # after which a slot is given back, for other users of the cluster
RENEW_S = 10.0
RECONNECTED_S = 5.0  # for workers to register again with a scheduler that has restarted
EXPLAIN_S = 10.0  # without a slot, before a notice says so
ABANDON_S = 60.0  # without a scheduler, before a run that is to be killed counts as lost

CLOSING = "it is being shut down"

log = logging.getLogger(__name__)


class WorkerError(Exception):
    """A worker could not be reached, or has refused a request."""


@dataclass
class Slot:
    """A task that occupies, or will occupy, a thread of a worker."""

    index: int
    key: str
    future: Future | None = None
    address: str = ""  # of the worker, once it was granted
    run: RunId | None = None
    renewed: float = 0.0
    granted: float = 0.0

    @property
    def is_free(self) -> bool:
        """Whether a run may use it."""
        return bool(self.address) and self.run is None


class DaskCluster:
    """The connection to a cluster, its workers, and the slots of one sweep.

    Its methods belong to the supervisor's event loop.

    Parameters
    ----------
    address
        The scheduler's address, as Dask writes it.
    security
        The certificates with which to connect; those of Dask's configuration by default.
    context
        The sweep.
    emit
        Called with notices, and whenever runs can start.
    on_worker_gone
        Called with the address of each worker that has left the cluster.
    waiting
        Returns how many runs wait for a slot.

    Attributes
    ----------
    workers
        The addresses of the workers.
    is_lost
        Whether the scheduler does not answer at present.
    is_ready
        Whether it has answered, and was found to be able to execute runs.
    """

    def __init__(
        self,
        address: str,
        security: Security | None,
        context: SweepContext,
        emit: Callable[[RunnerEvent], None],
        on_worker_gone: Callable[[str], None],
        waiting: Callable[[], int],
    ) -> None:
        self._address = address
        self._security = security
        self._context = context
        self._emit = emit
        self._on_gone = on_worker_gone
        self._waiting = waiting
        self._client: Client | None = None
        self._lost_at = 0.0
        self._settled_at = 0.0
        self._problems: dict[str, str] = {}  # by the address of each worker that was checked
        self._breaker = CircuitBreaker()
        self._slots: dict[int, Slot] = {}
        self._surplus_since: float | None = None
        self._waits_since = time.monotonic()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._changed = asyncio.Event()
        self._threads: dict[str, int] = {}
        self.workers: set[str] = set()
        self.is_lost = False
        self.is_ready = False

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, and the workers are known."""
        return self._client is not None and (self.is_ready or bool(self.workers))

    @property
    def is_unreachable(self) -> bool:
        """Whether the scheduler has not answered for long."""
        return self.is_lost and time.monotonic() - self._lost_at > ABANDON_S

    @property
    def has_free_slot(self) -> bool:
        """Whether a run could start now."""
        return self._free_slot() is not None

    @property
    def has_fit_worker(self) -> bool:
        """Whether any worker can execute runs, as far as is known."""
        return any(map(self._is_fit, self.workers))

    def wait_reason(self) -> str:
        """Return what a run waits for that has no slot."""
        if self._client is None or self.is_lost:
            return f"waiting for the Dask scheduler at {self._address}"
        if not self.workers:
            return f"waiting for a Dask worker: the scheduler at {self._address} has none"
        return "waiting for a free thread of a Dask worker"

    def hosts(self) -> list[Host]:
        """Return the workers, and why they get no runs, if they do not."""
        return [
            Host(
                address,
                address,
                self._threads.get(address),
                problem=self._problems.get(address, ""),
                out_until=self._breaker.out_until(address),
            )
            for address in sorted(self.workers)
        ]

    @property
    def problem(self) -> str:
        """Why no worker can be reached at present, or ""."""
        if self.is_lost:
            return f"the Dask scheduler at {self._address} does not answer"
        return ""

    def take_slot(self, run: RunId) -> Slot | None:
        """Let a run use a slot, if one is free."""
        slot = self._free_slot()
        if slot is not None:
            slot.run = run
            self._breaker.on_started([slot.address])
            if slot.future is not None:
                fire_and_forget(slot.future)  # it outlives this supervisor, as the run does
        return slot

    def _free_slot(self) -> Slot | None:
        free = (slot for slot in self._slots.values() if slot.is_free)
        return next((slot for slot in free if self._is_fit(slot.address)), None)

    def on_run_ended(self, address: str, error: ResourceError | None, *, succeeded: bool) -> str:
        """Record how a run ended on a worker; return a notice if that changes its use, or ""."""
        worker = {address: f"the Dask worker at {address}"}
        if succeeded:
            return self._breaker.on_success(worker)
        if error is ResourceError.DEVICE:
            return self._breaker.on_device_error(worker, filter(self._is_fit, self.workers))
        self._breaker.on_inconclusive(worker)
        return ""

    def has_alternative(self, address: str) -> bool:
        """Return whether another worker can execute runs."""
        return any(map(self._is_fit, self.workers - {address}))

    def adopt_slot(self, key: str, address: str, run: RunId) -> Slot:
        """Return the slot that a run was given by an earlier supervisor."""
        index = max(self._slots, default=-1) + 1
        slot = self._slots[index] = Slot(index, key, None, address, run)
        return slot

    def free_slot(self, slot: Slot) -> None:
        """Let another run use a slot; one that was used for long is given back."""
        slot.run = None
        is_held_long = slot.future is None or time.monotonic() - slot.granted > SLOT_S
        if is_held_long or slot.address not in self.workers or not self._is_fit(slot.address):
            self._slots.pop(slot.index, None)
            self._release(slot)
        self._changed.set()

    def reject(self, address: str, problem: str) -> None:
        """Use a worker no more."""
        self._problems[address] = problem
        for index, slot in list(self._slots.items()):
            if slot.address == address and slot.run is None:
                self._release(self._slots.pop(index))

    async def install(self, address: str) -> None:
        """Make a worker answer requests.

        Raises
        ------
        WorkerError
            If the worker cannot be reached.
        """
        if self._client is None:
            raise WorkerError("there is no connection to the scheduler")
        try:
            await asyncio.wait_for(self._client.run(install, workers=[address]), ANSWER_TIMEOUT_S)
        except Exception as error:
            raise WorkerError(f"{type(error).__name__}: {error}") from error

    async def close(self, addresses: Iterable[str]) -> None:
        """Give all slots back, let workers remove what they have of the sweep, and disconnect."""
        for task in self._tasks:
            task.cancel()
        client = self._client
        if client is None:
            return
        for slot in self._slots.values():
            if slot.future is not None:
                await client.cancel([slot.future], force=True)
        used = {slot.address for slot in self._slots.values()}
        for address in {*used, *addresses} & self.workers:
            with suppress(WorkerError):
                await self.request(address, {"op": "close"})
        await client.set_metadata([METADATA, str(self._context.sweep)], {})
        await client.close()

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # An error must reach the loop's handler at once.
        task.add_done_callback(lambda task: task.cancelled() or task.result())

    async def maintain(self) -> None:
        """Keep the connection, the slots, and what is known of the workers up to date."""
        while True:
            try:
                await self._connect()
                await self._update_workers()
                await self._update_slots()
                self._explain_wait()
            except Exception as error:  # noqa: BLE001
                # Whatever fails here failed in the cluster, which may recover.
                log.warning("the Dask cluster cannot be reached: %s: %s", type(error), error)
                await self._on_disconnected()
            self._changed.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), TICK_S)

    async def _connect(self) -> None:
        if self._client is not None and self._client.status == "running":
            return
        if self._client is not None:
            await self._on_disconnected()
        client = Client(
            self._address,
            asynchronous=True,
            timeout=CONNECT_TIMEOUT_S,
            name="wandb-magic",
            set_as_default=False,
            security=self._security,
        )
        try:
            await client
        except BaseException:
            await client.close(timeout=1)
            raise
        log.info("connected to the Dask scheduler at %s", self._address)
        if self.is_lost:
            self._settled_at = time.monotonic() + RECONNECTED_S
        self._client, self.is_lost = client, False

    async def _on_disconnected(self) -> None:
        """Forget what the scheduler has forgotten as well; runs may still be there."""
        client, self._client = self._client, None
        if not self.is_lost:
            self.is_lost, self._lost_at = True, time.monotonic()
            self._emit(
                RunnerNotice(
                    f"the Dask scheduler at {self._address} does not answer: the sweep waits for "
                    "it, and starts no run meanwhile"
                )
            )
        self._slots = {i: slot for i, slot in self._slots.items() if slot.run is not None}
        for slot in self._slots.values():
            slot.future = None
        if client is not None:
            with suppress(Exception):
                await asyncio.wait_for(client.close(timeout=1), 5)

    async def _update_workers(self) -> None:
        assert self._client is not None
        self._threads = await asyncio.wait_for(self._client.nthreads(), ANSWER_TIMEOUT_S)
        workers = set(self._threads)
        if time.monotonic() < self._settled_at:
            workers |= self.workers
        missing = self.workers - workers
        closing = {address for address in missing if await self._is_closing(address)}
        for address in closing:
            self._problems[address] = CLOSING
        self.workers = workers | closing
        for address in missing - closing:
            self._on_worker_gone(address)
        new = workers - set(self._problems)
        if new:
            await self._check_workers(sorted(new))
        if not self.is_ready and (not workers or any(map(self._is_fit, workers))):
            self.is_ready = True
            self._emit(RunnerReady())

    async def _is_closing(self, address: str) -> bool:
        """Return whether a worker that has left the scheduler still sends what its runs wrote."""
        if not any(slot.run and slot.address == address for slot in self._slots.values()):
            return False
        try:
            request = {"op": "slots", "slots": [], "release": []}
            await asyncio.wait_for(self.request(address, request), GONE_TIMEOUT_S)
        except (WorkerError, asyncio.TimeoutError):
            return False
        return True

    def _is_fit(self, address: str) -> bool:
        return self._problems.get(address) == "" and not self._breaker.excluded([address])

    async def _check_workers(self, addresses: list[str]) -> None:
        """Find out which workers can execute runs, before any of them does."""
        assert self._client is not None
        answers = await asyncio.wait_for(
            self._client.run(probe(), workers=addresses, on_error="return"), ANSWER_TIMEOUT_S
        )
        for address in addresses:
            if isinstance(answers.get(address), (type(None), OSError)):
                continue  # it cannot be reached at present
            problem = self._problems[address] = worker_problem(answers[address])
            if problem:
                self._emit(RunnerNotice(f"the Dask worker at {address} gets no runs: {problem}"))
        checked = [self._problems.get(address, "") for address in self.workers]
        if not self.is_ready and checked and all(checked):
            reason = f"no Dask worker can execute runs: {checked[0]}"
            self._emit(RunnerFailed(reason, reason))

    def _on_worker_gone(self, address: str) -> None:
        """Forget a worker, and its slots."""
        self._problems.pop(address, None)
        for index, slot in list(self._slots.items()):
            if slot.address == address and slot.run is None:
                self._release(self._slots.pop(index))
        self._on_gone(address)

    def _explain_wait(self) -> None:
        """Say once why no run starts, if the cluster has no thread for any."""
        waits = self._context.demand() > 0 and not any(s.address for s in self._slots.values())
        now = time.monotonic()
        if not waits:
            self._waits_since = now
        elif now - self._waits_since > EXPLAIN_S:
            what = "no free thread" if self.workers else "no workers"
            self._emit(
                RunnerNotice(
                    f"the Dask cluster at {self._address} had {what}, and the sweep waited for one"
                )
            )

    # Slots

    async def _update_slots(self) -> None:
        assert self._client is not None
        sweep = str(self._context.sweep)
        waiting = [slot for slot in self._slots.values() if not slot.address]
        if waiting:
            places = await asyncio.wait_for(
                self._client.get_metadata([METADATA, sweep], default={}), ANSWER_TIMEOUT_S
            )
            for slot in waiting:
                key, address = places.get(str(slot.index)) or ("", "")
                if key == slot.key and address in self.workers and self._is_fit(address):
                    slot.address = address
                    slot.granted = slot.renewed = time.monotonic()
                    self._emit(RunnerReady())
        for index, slot in list(self._slots.items()):
            if slot.run is None and slot.future is not None and slot.future.done():
                # Its worker has died, cannot execute it, or waited too long.
                self._release(self._slots.pop(index))
        await self._balance_slots()

    async def _balance_slots(self) -> None:
        """Request as many slots as runs could start, and give surplus ones back."""
        now = time.monotonic()
        unused = [slot for slot in self._slots.values() if slot.run is None]
        surplus = len(unused) - self._context.demand() - self._waiting()
        for _ in range(-surplus):
            self._request_slot()
        if surplus <= 0:
            self._surplus_since = None
        elif self._surplus_since is None:
            self._surplus_since = now  # a run may just be on its way here
        elif now - self._surplus_since > IDLE_SLOT_S:
            for slot in sorted(unused, key=lambda slot: bool(slot.address))[:surplus]:
                self._release(self._slots.pop(slot.index))
        for slot in self._slots.values():
            if slot.is_free and now - slot.renewed > RENEW_S:
                slot.renewed = now
                self._spawn(self._renew(slot))

    def _request_slot(self) -> None:
        assert self._client is not None
        index = next(index for index in range(len(self._slots) + 1) if index not in self._slots)
        key = f"wandb-magic-{self._context.sweep}-{secrets.token_hex(6)}"
        fit = sorted(filter(self._is_fit, self.workers))
        unfit = len(fit) < len(self.workers)
        if unfit and not fit:
            return
        future = self._client.submit(
            *(hold_slot, str(self._context.sweep), index, key),
            key=key,
            pure=False,
            retries=0,
            workers=fit if unfit else None,
        )
        self._slots[index] = Slot(index, key, future)

    def _release(self, slot: Slot) -> None:
        """Give a slot back, whether its task has begun or not."""
        self._spawn(self._give_back(slot))

    async def _give_back(self, slot: Slot) -> None:
        if slot.address in self.workers:
            with suppress(WorkerError):
                request = {"op": "slots", "slots": [], "release": [slot.key]}
                await self.request(slot.address, request)
        if slot.future is not None and self._client is not None:
            with suppress(Exception):  # the connection may just have been lost
                await self._client.cancel([slot.future], force=True)

    async def _renew(self, slot: Slot) -> None:
        with suppress(WorkerError):
            request = {"op": "slots", "slots": [slot.key], "release": []}
            await self.request(slot.address, request)

    async def request(
        self, address: str, request: dict[str, Any], data: bytes = b""
    ) -> dict[str, Any]:
        """Send a request to a worker, through the scheduler; return the answer.

        Raises
        ------
        WorkerError
            If the worker cannot be reached, or refuses.
        """
        client = self._client
        if client is None or client.status != "running":
            raise WorkerError("there is no connection to the scheduler")
        message: dict[str, Any] = {
            "op": HANDLER,
            "request": {"sweep": str(self._context.sweep), **request},
        }
        if data:
            message["data"] = data
        try:
            answers = await asyncio.wait_for(
                client.scheduler.broadcast(msg=message, workers=[address], on_error="ignore"),
                ANSWER_TIMEOUT_S,
            )
        except Exception as error:
            raise WorkerError(f"{type(error).__name__}: {error}") from error
        answer = answers.get(address) if isinstance(answers, dict) else None
        if not isinstance(answer, dict) or "error" in answer or answer.get("status") == "error":
            raise WorkerError(f"{address}: {(answer or {}).get('error', 'no answer')}")
        return answer
