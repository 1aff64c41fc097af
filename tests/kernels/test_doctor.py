"""The doctor in real kernels: its report is right, and it does not change them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BROKEN = ("7.0.1",)  # where `wandb.agent(function=…)` fails
Notebook = Any  # the one of conftest.py, which cannot be imported
Open = Callable[[], Notebook]

# What the remedy says must then work where it is pasted.
ASKS = """
import json
from wandb_magic.doctor import report, run_checks
from wandb_magic.doctor.environment import Environment
print(json.dumps(report.to_json(run_checks(Environment(get_ipython())))))
"""
MODULES = """
import sys, threading
print([name for name in ("wandb", "torch", "optuna", "pandas") if name in sys.modules])
print(sorted(thread.name for thread in threading.enumerate()))
"""


@pytest.mark.slow
def test_the_doctor_tells_what_this_kernel_does(ipykernel: str, open_notebook: Open) -> None:
    notebook = open_notebook()
    notebook.run("%load_ext wandb_magic")
    before = notebook.run(MODULES).text
    reply = notebook.run("%wandb_sweep doctor")
    assert notebook.run(MODULES).text == before

    (shown,) = reply.of("display_data")
    text, html = (shown["content"]["data"][kind] for kind in ("text/plain", "text/html"))
    assert not reply.of("stream")
    assert f"a Jupyter kernel: ipykernel {'' if ipykernel == 'newest' else ipykernel}" in text
    assert "shell_parent in the main thread: this cell" in text
    assert "shell_parent in an asyncio task: this cell" in text
    fails = "shell_parent in a plain thread: LookupError: <ContextVar name='shell_parent'>"
    assert (fails in text) == (ipykernel in BROKEN)
    assert ("from wandb_magic import agent" in html) == (ipykernel in BROKEN)
    assert ("&lt;ContextVar" in html) == (ipykernel in BROKEN)
    assert "<ContextVar" not in html


@pytest.mark.slow
@pytest.mark.parametrize("ipykernel", ["newest"])
def test_the_doctor_tells_vs_code_and_the_server(open_notebook: Open, tmp_path: Path) -> None:
    notebook = open_notebook()
    found = json.loads(notebook.run(ASKS).text)
    assert "this kernel does not belong to a local Jupyter server" in str(found)
    notebook.run(f"__vsc_ipynb_file__ = {str(tmp_path / 'a.ipynb')!r}")
    assert "VS Code, with ipykernel" in str(json.loads(notebook.run(ASKS).text))
