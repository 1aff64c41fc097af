"""What one run logs: the transaction logs of every W&B folder that it made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from wandb_magic.entries import Entry, ExitEntry
from wandb_magic.paths import RunPaths, wandb_folder
from wandb_magic.runlog import Follower


class RunLogs:
    """Follows a run's logs in the order of its ``wandb.init`` calls.

    Parameters
    ----------
    paths
        The run's paths.
    positions
        How far each log was read before.
    root
        Where to look for the W&B folders of a command, which does not list them itself.
    """

    def __init__(
        self, paths: RunPaths, positions: Mapping[str, int], root: Path | None = None
    ) -> None:
        self._paths = paths
        self._positions = positions
        self._place = paths.wandb if root is None else wandb_folder(root)
        self._seen = 0
        self._followers: dict[str, Follower] = {}
        self._ended: set[str] = set()

    @property
    def directory(self) -> str:
        """The newest W&B folder of the run, "" while there is none."""
        return next(reversed(self._followers), "")

    @property
    def positions(self) -> dict[str, int]:
        """How far each log has been read."""
        return {directory: log.position for directory, log in self._followers.items()}

    @property
    def complete(self) -> bool:
        """Whether the newest log has its exit record, or there is no log."""
        return not self._followers or self.directory in self._ended

    def poll(self) -> Iterator[tuple[str, tuple[Entry, ...], int]]:
        """Yield, by folder, what was logged since the last call, and how far that reaches."""
        self._look_for_folders()
        for directory, follower in self._followers.items():
            if directory in self._ended:
                continue
            entries = tuple(follower.poll())
            if any(isinstance(entry, ExitEntry) for entry in entries):
                self._ended.add(directory)
            if entries:
                yield directory, entries, follower.position
            if directory in self._ended:
                follower.close()

    def close(self) -> None:
        """Close the files."""
        for follower in self._followers.values():
            follower.close()

    def _look_for_folders(self) -> None:
        try:
            changed = self._place.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if changed == self._seen:
            return
        self._seen = changed
        for directory in self._listed():
            if directory not in self._followers:
                self._followers[directory] = Follower(
                    Path(directory), self._positions.get(directory, 0)
                )

    def _listed(self) -> list[str]:
        run = self._paths.folder.name
        if self._place == self._paths.wandb:
            lines = self._place.read_text(encoding="utf-8", errors="replace").splitlines()
            return [line for line in lines if f"-{run}" in line and "\0" not in line]
        return sorted(
            str(folder)
            for pattern in (f"run-*-{run}*", f"offline-run-*-{run}*")
            for folder in self._place.glob(pattern)
        )
