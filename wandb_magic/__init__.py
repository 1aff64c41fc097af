"""W&B sweeps that just work from a notebook cell.

``%load_ext wandb_magic`` loads the magics ``%%wandb_sweep`` and ``%wandb_sweep``; this package has
the same operations as functions. Importing it imports neither wandb nor pandas, optuna or torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wandb_magic.version import __version__ as __version__

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from wandb_magic.api import (
        Status,
        Sweep,
        agent,
        attach,
        fetch,
        from_study,
        start,
        sweep,
        sweeps,
    )

__all__ = ["Status", "Sweep", "agent", "attach", "fetch", "from_study", "start", "sweep", "sweeps"]


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Load the magics; IPython calls this for ``%load_ext wandb_magic``."""
    from wandb_magic import magics  # noqa: PLC0415 - only IPython needs them

    magics.load(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Return the server extension; Jupyter calls this when it starts."""
    from wandb_magic.server.app import WandbMagicApp  # noqa: PLC0415 - only servers need it

    return [{"module": "wandb_magic", "app": WandbMagicApp}]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any attribute
    if name in __all__:
        from wandb_magic import api  # noqa: PLC0415 - pydantic is not needed to load

        value = getattr(api, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
