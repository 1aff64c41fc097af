"""A real Dask cluster of several processes, whose workers have folders of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.conftest import end_processes, isolation
from waiting import wait_until


class Cluster:
    """A scheduler and its workers, each a process.

    Parameters
    ----------
    folder
        Where they have their files.
    environment
        Their variables, beside those of this process.
    host
        The scheduler's address.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str] = MappingProxyType({}),
        host: str = "127.0.0.1",
    ) -> None:
        self.folder = folder
        self.environment = environment
        self.host = host
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def address(self) -> str:
        return f"dask://{self.host}:{self.port}"

    def start_scheduler(self) -> None:
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        self.scheduler = self._spawn(
            "scheduler",
            *("--host", self.host, "--port", str(self.port), "--no-dashboard"),
            *("--scheduler-file", str(file)),
        )
        wait_until(lambda: file.exists() and "address" in file.read_text("utf-8"))
        if not self.port:
            text = file.read_text("utf-8")
            self.port = int(text.split(f"tcp://{self.host}:")[1].split('"')[0])

    def add_worker(
        self, *, nanny: bool = False, within: Sequence[str] = (), **environment: str
    ) -> subprocess.Popen[bytes]:
        """Start a worker, `within` another command."""
        number = len(self.workers)
        worker = self._spawn(
            "worker",
            f"tcp://{self.host}:{self.port}",
            *("--nthreads", "1", "--no-dashboard", "--name", f"worker-{number}"),
            "--nanny" if nanny else "--no-nanny",
            *("--local-directory", str(self.local_directory(number))),
            environment=environment,
            within=within,
        )
        self.workers.append(worker)
        return worker

    def local_directory(self, number: int) -> Path:
        return self.folder / f"worker-{number}"

    def _spawn(
        self,
        what: str,
        *arguments: str,
        environment: Mapping[str, str] = MappingProxyType({}),
        within: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{what}.log").open("ab") as log:
            return subprocess.Popen(
                [*within, sys.executable, "-m", f"distributed.cli.dask_{what}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, **self.environment, **environment},
                start_new_session=True,
            )

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            if process is not None:
                process.kill()
                process.wait()


@pytest.fixture
def empty_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler that has no workers yet."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    found = Cluster(folder)
    found.start_scheduler()
    yield found
    found.close()


@pytest.fixture
def cluster(empty_cluster: Cluster) -> Cluster:
    """A cluster of this test's own, with two workers."""
    empty_cluster.add_worker()
    empty_cluster.add_worker()
    return empty_cluster


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with two workers, for tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("cluster")
    found = Cluster(folder, isolation(folder))
    found.start_scheduler()
    found.add_worker()
    found.add_worker()
    yield found
    found.close()
    end_processes(str(folder))
