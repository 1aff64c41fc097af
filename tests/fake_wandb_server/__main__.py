"""`python -m fake_wandb_server PORT JOURNAL [--attended]`: the server in a separate process.

It prints the port on the first line of its output once it listens; 0 selects any free port. It
runs until it is killed; with `--attended`, it also ends when its stdin is closed, so that a test
that dies leaves no server behind.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from fake_wandb_server.application import Application
from fake_wandb_server.journal import Journal
from fake_wandb_server.server import FakeWandbServer
from fake_wandb_server.site import Site


def main(port: str, path: str, attended: str = "") -> None:
    """Serve what the journal contains, and everything after that."""
    journal = Journal(Path(path))
    application = Application(Site())
    for time, request in journal.read():
        application.carry_out(time, request)
    application.journal = journal
    server = FakeWandbServer(int(port), application)
    print(server.port, flush=True)  # noqa: T201 - read by the parent process
    if attended:
        sys.stdin.read()
    else:
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
