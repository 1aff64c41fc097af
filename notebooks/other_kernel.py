"""Other kernels for a notebook, whose cells run in them and whose outputs are shown here.

A notebook that shows how a kernel breaks had better not break its own. `%%inside KERNEL` sends a
cell to another one, as JupyterLab does, measures it and shows what came. It shows no widgets:
those live in the other kernel only.
"""

from __future__ import annotations

import argparse
import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psutil
from IPython.core.getipython import get_ipython
from IPython.display import display
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

import wandb_magic

PATIENCE_S = 150
ITS_OWN = {"WANDB_NOTEBOOK_NAME": "other_kernel.py"}  # no Jupyter server can say it
SHOWN = ("text/html", "text/plain", "image/png")


@cache
def checkout():
    """Return the folder of wandb_magic's sources, where the stand-in server is."""
    for folder in (*Path.cwd().parents, Path(wandb_magic.__file__).parents[1]):
        if (folder / "tests" / "fake_wandb_server").is_dir():
            return folder
    raise FileNotFoundError(
        "run this notebook in a checkout of wandb_magic: it needs tests/fake_wandb_server"
    )


def stand_in():
    """Start a W&B server of this notebook's own, that of the tests; it ends with this kernel."""
    sys.path.append(str(checkout() / "tests"))
    from fake_wandb_server.process import FakeWandbServerProcess

    folder = Path("stand-in")
    folder.mkdir(exist_ok=True)
    return FakeWandbServerProcess(folder)


def python_with(ipykernel):
    """Return the Python of an environment with this ipykernel, which is built if there is none."""
    name = Path(".venvs", f"ipykernel-{ipykernel}")
    for folder in (checkout() / name, name.absolute()):
        if (folder / "bin" / "python").exists():
            return folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    packages = [f"ipykernel=={ipykernel}", f"wandb=={importlib.metadata.version('wandb')}"]
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *packages, checkout()],
        check=True,
        env={**os.environ, "WANDB_MAGIC_SKIP_FRONTEND": "1"},
    )
    return python


@dataclass
class Reply:
    """What came of a cell.

    How long it took, in all and after the stop button was pressed, if it was; the error that ended
    it; and what it showed.
    """

    seconds: float
    after_stop: float
    error: str
    outputs: list = field(repr=False)

    @property
    def text(self):
        """What was printed, and the text of what was displayed."""
        return "".join(
            content["text"] if "text" in content else content["data"].get("text/plain", "") + "\n"
            for content in self.outputs
        )

    def show(self, tail=None):
        """Show it here, its error, too; with `tail`, only so many lines of what was printed."""
        if tail:
            lines = readable("".join(each.get("text", "") for each in self.outputs)).splitlines()
            print("\n".join([*["…"][: len(lines) > tail], *lines[-tail:]]))
        for content in [] if tail else self.outputs:
            if "text" in content:
                print(readable(content["text"]), end="")
            elif data := {
                kind: content["data"][kind] for kind in SHOWN if kind in content["data"]
            }:
                texts = {
                    kind: readable(text) for kind, text in data.items() if kind != "image/png"
                }
                display({**data, **texts}, raw=True)
        if self.error:
            raise RuntimeError(readable(self.error))


class OtherKernel:
    """A kernel of its own.

    Parameters
    ----------
    name
        For its files.
    python
        The Python that it runs in; this notebook's own by default.
    environment
        Variables beside those of this notebook.
    """

    def __init__(self, name, python=sys.executable, environment=None):
        # wandb takes a kernel for a notebook's by the word jupyter in the path of this file.
        folder = Path("jupyter").absolute()
        specification = folder / "kernels" / name / "kernel.json"
        specification.parent.mkdir(parents=True, exist_ok=True)
        command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        found = {"argv": command, "display_name": name, "language": "python"}
        specification.write_text(json.dumps(found))
        known = KernelSpecManager(
            kernel_dirs=[str(folder / "kernels")], ensure_native_kernel=False
        )
        self._manager = KernelManager(
            kernel_name=name,
            kernel_spec_manager=known,
            connection_file=str(folder / f"{name}.json"),
        )
        self._said = (folder / f"{name}.log").open("ab")
        path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"  # its `wandb`, too
        self._manager.start_kernel(
            env={**os.environ, **ITS_OWN, "PATH": path, **(environment or {})},
            stdout=self._said,
            stderr=self._said,
        )
        self._connect()

    def _connect(self):
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE_S)

    @property
    def process(self):
        """The kernel's process."""
        return psutil.Process(self._manager.provisioner.pid)

    def run(self, code, stop_at=None):
        """Run a cell to its end; press the stop button when it prints `stop_at`."""
        outputs, named, pressed = [], {}, []

        def hear(message):
            kind, content = message["msg_type"], message["content"]
            if kind == "update_display_data":
                if (known := named.get(content["transient"].get("display_id"))) is not None:
                    known["data"] = content["data"]
            elif kind == "stream" and outputs and outputs[-1].get("name") == content["name"]:
                outputs[-1]["text"] += content["text"]
            elif kind in ("stream", "display_data", "execute_result"):
                outputs.append(content)
                if name := content.get("transient", {}).get("display_id"):
                    named[name] = content
            if stop_at and not pressed and stop_at in content.get("text", ""):
                pressed.append(time.monotonic())
                self._manager.interrupt_kernel()

        began = time.monotonic()
        reply = self._client.execute_interactive(code, timeout=PATIENCE_S, output_hook=hear)
        ended, content = time.monotonic(), reply["content"]
        error = f"{content['ename']}: {content['evalue']}" if content["status"] == "error" else ""
        return Reply(ended - began, ended - (pressed or [ended])[0], error, outputs)

    def value(self, expression):
        """Return a plain value that the kernel knows: a number, a text, a list of these."""
        asked = {"value": expression}
        reply = self._client.execute("", user_expressions=asked, reply=True, timeout=PATIENCE_S)
        found = reply["content"]["user_expressions"]["value"]
        if found["status"] == "error":
            raise ValueError(f"{expression}: {found['ename']}: {found['evalue']}")
        return ast.literal_eval(found["data"]["text/plain"])

    def restart(self):
        """Restart it, as the menu does."""
        self._client.stop_channels()
        self._manager.restart_kernel()
        self._connect()

    def close(self):
        """End it."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._said.close()


def readable(text):
    """Return a text without colours and without the places of this machine."""
    text = re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", text)
    text = re.sub(r"/[^\s\"']*/(site-packages|lib/python3\.\d+)/", "…/", text)
    return text.replace(str(Path.cwd()), ".").replace(str(checkout()), "…")


def inside(line, cell):
    """Run a cell in other kernels: `%%inside KERNEL… [--as NAME] [--stop-at WORD]`.

    NAME is what came of it, from the last of the kernels.
    """
    parser = argparse.ArgumentParser("%%inside")
    parser.add_argument("kernels", nargs="+")
    parser.add_argument("--as", dest="name")
    parser.add_argument("--stop-at", metavar="WORD", help="press stop when it prints this")
    parser.add_argument("--tail", type=int, help="show so many lines of its end, as text only")
    options = parser.parse_args(line.split())
    names = get_ipython().user_ns
    for kernel in options.kernels:
        reply = names[kernel].run(cell, options.stop_at)
        reply.show(options.tail)
    if options.name:
        names[options.name] = reply


def load_ipython_extension(shell):
    """Bring the magic; IPython calls this for `%load_ext other_kernel`."""
    shell.register_magic_function(inside, "cell")
