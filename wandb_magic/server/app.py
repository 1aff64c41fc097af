"""The extension app that Jupyter loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, List, Unicode

from wandb_magic.server.executors import EXECUTORS, Executors
from wandb_magic.server.handlers import handlers
from wandb_magic.server.mcp_handler import MCP_ENDPOINTS, McpEndpoints
from wandb_magic.server.saved_outputs import EXPORT_PREPROCESSOR, SavedOutputs
from wandb_magic.server.sweep_manager import SWEEP_MANAGER, SweepManager
from wandb_magic.server.websocket import SOCKET_REGISTRY, SocketRegistry


class WandbMagicApp(ExtensionApp):
    """Shows and controls the W&B sweeps of the server's user."""

    name = "wandb_magic"
    mcp_roots = List(
        Unicode(),
        help="The folders that coding assistants may see, relative to the server's root folder, "
        "which is the default.",
    ).tag(config=True)
    mcp_write = Bool(
        False,  # noqa: FBT003 - traitlets' own
        help="Whether coding assistants may also start, change and stop sweeps.",
    ).tag(config=True)

    def initialize_settings(self) -> None:
        """Create the sweep manager, the executors and the socket registry."""
        assert self.serverapp is not None
        root = Path(self.serverapp.root_dir)
        manager = SweepManager(root)
        self.settings[SWEEP_MANAGER] = manager
        self.settings[EXECUTORS] = Executors()
        self.settings[SOCKET_REGISTRY] = SocketRegistry(self.serverapp.identity_provider)
        roots = [root / Path(folder).expanduser() for folder in self.mcp_roots or ["."]]
        self.settings[MCP_ENDPOINTS] = McpEndpoints(roots, write=self.mcp_write)

        # Outputs are brought up to date in notebooks that are saved or exported.
        contents: Any = self.serverapp.contents_manager
        contents.register_pre_save_hook(SavedOutputs(manager.get_sweep))
        self.serverapp.config.Exporter.preprocessors.append(EXPORT_PREPROCESSOR)

    def initialize_handlers(self) -> None:
        """Add the routes; Jupyter prepends its base URL."""
        self.handlers.extend(handlers())

    async def stop_extension(self) -> None:
        """Stop the threads, and close the stores."""
        await self.settings[MCP_ENDPOINTS].close()
        self.settings[EXECUTORS].close()
        self.settings[SWEEP_MANAGER].close()
