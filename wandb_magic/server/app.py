"""The extension app that Jupyter loads."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.extension.application import ExtensionApp

from wandb_magic.server.executors import EXECUTORS, Executors
from wandb_magic.server.handlers import handlers
from wandb_magic.server.sweep_manager import SWEEP_MANAGER, SweepManager
from wandb_magic.server.websocket import SOCKET_REGISTRY, SocketRegistry


class WandbMagicApp(ExtensionApp):
    """Shows and controls the W&B sweeps of the server's user."""

    name = "wandb_magic"

    def initialize_settings(self) -> None:
        """Create the sweep manager, the executors and the socket registry."""
        assert self.serverapp is not None
        self.settings[SWEEP_MANAGER] = SweepManager(Path(self.serverapp.root_dir))
        self.settings[EXECUTORS] = Executors()
        self.settings[SOCKET_REGISTRY] = SocketRegistry(self.serverapp.identity_provider)

    def initialize_handlers(self) -> None:
        """Add the routes; Jupyter prepends its base URL."""
        self.handlers.extend(handlers())

    async def stop_extension(self) -> None:
        """Stop the threads, and close the stores."""
        self.settings[EXECUTORS].close()
        self.settings[SWEEP_MANAGER].close()
