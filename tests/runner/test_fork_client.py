"""The host reaps orphans, but no child that this process waits for."""

import subprocess
import sys
from pathlib import Path

REAPING = """
import os, sys
from pathlib import Path
from wandb_magic.daemon import start_sync, unreaped_pids
from wandb_magic.runner.fork_client import reap_orphans
from wandb_magic.paths import SweepPaths

process = start_sync(SweepPaths(Path(sys.argv[1])), ["--no-such-option"], os.environ)
os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
reap_orphans(unreaped_pids())
sys.exit(process.wait())
"""
USAGE = 2  # argparse's exit code


def test_what_was_started_here_keeps_its_exit_code(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", REAPING, str(tmp_path)], check=False, timeout=60)
    assert done.returncode == USAGE
