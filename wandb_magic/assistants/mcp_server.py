"""Offers the tools through the Model Context Protocol, on standard input and output.

The package `mcp` belongs to an extra, so it is imported only when it is used.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from wandb_magic.errors import SweepError, UnsupportedError
from wandb_magic.version import __version__

PERMISSION = "the user allows it with `wandb-magic mcp --write`"
MAX_CALLS = 16  # at the same time; others wait

_INSTRUCTIONS = (
    "W&B sweeps on this machine. Read `digest` first; answers are short, and a cursor gets what "
    "comes next. `start` returns at once: use `wait`, again and again, until the sweep has ended."
)


def serve(roots: Sequence[str], *, write: bool) -> None:
    """Serve until the client closes standard input.

    Parameters
    ----------
    roots
        The folders that may be seen.
    write
        Whether tools may change anything.

    Raises
    ------
    UnsupportedError
        If the package `mcp` is missing.
    ArgumentError
        If a root does not exist.
    """
    require_mcp()
    import anyio  # noqa: PLC0415 - comes with mcp, which may be missing
    from mcp.server.stdio import stdio_server  # noqa: PLC0415 - as above

    server = make_server(roots, write=write)
    os.chdir(roots[0])  # relative paths of programs refer to it
    # The first call would have to wait for it.
    threading.Thread(target=__import__, args=("wandb_magic.analysis.frames",), daemon=True).start()

    async def run() -> None:
        async with stdio_server() as (receiving, sending):
            await server.run(receiving, sending, server.create_initialization_options())

    anyio.run(run)


def require_mcp() -> None:
    """Raise an error if the package `mcp` is missing.

    Raises
    ------
    UnsupportedError
        If it is.
    """
    if find_spec("mcp") is None:
        raise UnsupportedError("this needs mcp: pip install 'wandb-magic[mcp]'")


def make_server(roots: Sequence[str], *, write: bool, permission: str = PERMISSION) -> Any:  # noqa: ANN401 - mcp may be missing
    """Return the protocol's server.

    Parameters
    ----------
    roots, write
        As in `serve`.
    permission
        How the user allows writing, for the message that refuses it.
    """
    import anyio  # noqa: PLC0415 - comes with mcp
    import anyio.from_thread  # noqa: PLC0415 - comes with mcp
    import anyio.to_thread  # noqa: PLC0415 - as above
    from mcp import types  # noqa: PLC0415 - as above
    from mcp.server.lowlevel import Server  # noqa: PLC0415 - as above

    from wandb_magic.assistants.roots import Roots  # noqa: PLC0415 - not needed to refuse
    from wandb_magic.assistants.toolbox import Toolbox  # noqa: PLC0415 - as above

    toolbox = Toolbox(Roots(roots), write=write, permission=permission)
    # Not the shared threads: `wait` holds one for long, and a web server needs its own.
    threads = anyio.CapacityLimiter(MAX_CALLS)

    async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:  # noqa: ANN401 - mcp's own
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=name,
                    description=tool.help,
                    input_schema=tool.schema,
                    annotations=types.ToolAnnotations(
                        read_only_hint=not tool.writes, open_world_hint=False
                    ),
                )
                for name, tool in toolbox.tools.items()
            ]
        )

    async def call_tool(context: Any, params: Any) -> types.CallToolResult:  # noqa: ANN401 - mcp's own
        told = ""

        def progress(done: float, total: float | None, message: str) -> None:
            nonlocal told
            anyio.from_thread.check_cancelled()
            if message != told:
                told = message
                report = partial(context.session.report_progress, done, total, message)
                anyio.from_thread.run(report)

        def call() -> tuple[str, bool]:
            try:
                return toolbox.call(params.name, params.arguments or {}, progress), False
            except SweepError as error:
                return str(error)[:1000], True

        text, is_error = await anyio.to_thread.run_sync(
            call, abandon_on_cancel=True, limiter=threads
        )
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=text)], is_error=is_error
        )

    return Server(
        "wandb-magic",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
