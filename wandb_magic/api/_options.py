"""The inputs of a sweep's start: the code of its runs, and its options."""

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
"""What a new sweep can learn from; see `start`."""


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
        Names that are not captured.
    include
        Names that are captured whether the code uses them or not.
    rerun_cells
        Whether runs execute the cells that define variables that cannot be pickled.
    random_state
        Whether runs start with the state of this process's global random generators.
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
    """The options of a sweep, as the user gave them; see `start` for the fields.

    An `idle` sweep is created but not run. `prior_runs` are the ids of runs to learn from, as in
    ``wandb.sweep``.
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
