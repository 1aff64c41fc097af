"""The extension as Jupyter loads it."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp

from wandb_magic.server.executors import EXECUTORS, Executors
from wandb_magic.server.handlers import handlers
from wandb_magic.server.sweep_manager import SWEEP_MANAGER, SweepManager
from wandb_magic.server.websocket import SOCKET_REGISTRY, SocketRegistry


class WandbMagicApp(ExtensionApp):
    """Shows and steers the W&B sweeps of the user whose server this is."""

    name = "wandb_magic"

    def initialize_settings(self) -> None:
        """Give the handlers the sweeps, and threads to read them in."""
        assert self.serverapp is not None
        self.settings[SWEEP_MANAGER] = SweepManager(Path(self.serverapp.root_dir))
        self.settings[EXECUTORS] = Executors()
        self.settings[SOCKET_REGISTRY] = SocketRegistry(self.serverapp.identity_provider)

    def initialize_handlers(self) -> None:
        """Add the routes; Jupyter puts its base URL before them."""
        self.handlers.extend(handlers())

    async def stop_extension(self) -> None:
        """Close the stores."""
        self.settings[EXECUTORS].close()
        self.settings[SWEEP_MANAGER].close()
