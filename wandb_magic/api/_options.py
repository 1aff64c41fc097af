"""What a sweep is started with: the code of its runs, and how it is to run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from wandb_magic.api._reader import SweepReader
from wandb_magic.records import Options

if TYPE_CHECKING:
    import os

    from wandb_magic.analysis.study import Study

Prior = Union[str, "os.PathLike[str]", SweepReader, "Study", Sequence[Mapping[str, Any]]]
"""What a new sweep can learn from; see `priors`."""


@dataclass(frozen=True)
class RunCode:
    """What each run executes: a cell in its namespace, a function, or the spec's program.

    Attributes
    ----------
    cell
        The cell's text.
    function
        A function without arguments.
    namespace
        Where the cell's names are looked up.
    exclude
        Names to leave behind.
    include
        Names to take along, whether the code names them or not.
    rerun_cells
        Whether runs execute again the cells that define what cannot be handed over.
    random_state
        Whether runs begin with the state of this process's global random generators.
    """

    cell: str | None = None
    function: Callable[[], object] | None = None
    namespace: dict[str, Any] | None = None
    exclude: Collection[str] = ()
    include: Collection[str] = ()
    rerun_cells: bool = False
    random_state: bool = False


@dataclass(frozen=True)
class LaunchOptions:
    """How a sweep is to run, as it was asked for; see `start` for the fields.

    An `idle` one is only made: it waits for somebody who runs it. `prior_runs` are the ids of runs
    to learn from, as ``wandb.sweep`` takes them.
    """

    count: int | None
    agents: int
    name: str | None
    project: str | None
    entity: str | None
    mode: str
    options: Options
    env: Mapping[str, str] | None
    prior: Prior | None = None
    idle: bool = False
    prior_runs: tuple[str, ...] = ()
