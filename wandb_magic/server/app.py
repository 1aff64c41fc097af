"""The extension app that Jupyter loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp

from wandb_magic.server.executors import EXECUTORS, Executors
from wandb_magic.server.handlers import handlers
from wandb_magic.server.saved_outputs import EXPORT_PREPROCESSOR, SavedOutputs
from wandb_magic.server.sweep_manager import SWEEP_MANAGER, SweepManager
from wandb_magic.server.websocket import SOCKET_REGISTRY, SocketRegistry


class WandbMagicApp(ExtensionApp):
    """Shows and controls the W&B sweeps of the server's user."""

    name = "wandb_magic"

    def initialize_settings(self) -> None:
        """Create the sweep manager, the executors and the socket registry."""
        assert self.serverapp is not None
        manager = SweepManager(Path(self.serverapp.root_dir))
        self.settings[SWEEP_MANAGER] = manager
        self.settings[EXECUTORS] = Executors()
        self.settings[SOCKET_REGISTRY] = SocketRegistry(self.serverapp.identity_provider)

        # Outputs are brought up to date in notebooks that are saved or exported.
        contents: Any = self.serverapp.contents_manager
        contents.register_pre_save_hook(SavedOutputs(manager.get_sweep))
        self.serverapp.config.Exporter.preprocessors.append(EXPORT_PREPROCESSOR)

    def initialize_handlers(self) -> None:
        """Add the routes; Jupyter prepends its base URL."""
        self.handlers.extend(handlers())

    async def stop_extension(self) -> None:
        """Stop the threads, and close the stores."""
        self.settings[EXECUTORS].close()
        self.settings[SWEEP_MANAGER].close()
