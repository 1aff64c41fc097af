"""Where the runs of a sweep are executed, as the supervisor receives it in its environment.

The environment of a sweep is part of its bundle's manifest, and so it is signed: nobody who can
write a sweep's folder can make its supervisor connect somewhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from wandb_magic.bundle.manifest import LAUNCHER_VARIABLE, STALE

TARGET_VARIABLE = LAUNCHER_VARIABLE
_PREFIX = "WANDB_"
# They name folders of the machine on which the sweep was started.
_LOCAL = frozenset({"WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR", "WANDB_ARTIFACT_DIR"})
_OURS = "WANDB_MAGIC_"


@dataclass(frozen=True)
class LaunchTarget:
    """The address of a launcher, and what its runs receive of the sweep's environment.

    Attributes
    ----------
    address
        The address, as in ``dask://host:8786``.
    variables
        The names of the environment variables that the user gave to the runs.
    """

    address: str
    variables: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the value of `TARGET_VARIABLE`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> LaunchTarget | None:
        """Return what the environment of a supervisor names; None for runs on its own machine."""
        text = environment.get(TARGET_VARIABLE)
        if not text:
            return None
        document = json.loads(text)
        return cls(str(document["address"]), tuple(map(str, document["variables"])))

    def run_environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return what of the supervisor's environment the runs receive on other machines.

        Most of it has a meaning only on the machine on which the sweep was started.
        """
        return {
            name: value
            for name, value in environment.items()
            if name in self.variables
            or (
                name.startswith(_PREFIX)
                and not name.startswith(_OURS)
                and name not in STALE
                and name not in _LOCAL
            )
        }
