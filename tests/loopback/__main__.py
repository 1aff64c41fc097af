"""`python -m loopback PORT JOURNAL`: the server in a process of its own, until it is killed."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from loopback.application import Application
from loopback.journal import Journal
from loopback.server import Loopback
from loopback.site import Site


def main(port: str, path: str) -> None:
    """Serve; the port stands on the first line of output once the server listens."""
    journal = Journal(Path(path))
    application = Application(Site())
    for time, request in journal.read():
        application.carry_out(time, request)
    application.journal = journal
    server = Loopback(int(port), application)
    print(server.port, flush=True)  # noqa: T201 - read by who started this
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
