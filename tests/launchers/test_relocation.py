from pathlib import Path

import pytest

from wandb_magic.launchers.file_mirror import write_chunk
from wandb_magic.launchers.file_stream import FileChunk
from wandb_magic.launchers.relocation import relocate, resolve, run_files
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunId, SweepId
from wandb_magic.runner.run_process import Job

RUN = RunId("run00001")


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    found = SweepPaths.of(tmp_path / "here", SweepId("sweep000"))
    found.run(RUN).folder.mkdir(parents=True)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "sweep-sweep000/runs/run00001/output.log",
        "sweep-sweep000/runs/run00001/kept/deep/down.bin",
        "offline-run-20260101_000000-run00001/run-run00001.wandb",
        "run-20260101_000000-run00001-1/files/media/images/a b.png",
    ],
)
def test_a_file_of_the_run_has_its_place(paths: SweepPaths, name: str) -> None:
    assert resolve(paths, name, RUN) == paths.folder.parent / name


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            "/etc/passwd",
            "..",
            "../x",
            "sweep-sweep000",
            "x/y",
            "sweep-other000/runs/run00001/x",
        ),
        *("sweep-sweep000/sweep.db", "sweep-sweep000/bundle/manifest.json", "sweep-sweep000/lock"),
        "sweep-sweep000/runs/run00002/output.log",
        "sweep-sweep000/runs/run00001/../run00002/output.log",
        "sweep-sweep000/runs/run00001//output.log",
        "sweep-sweep000/runs/run00001/exit.json",
        "sweep-sweep000/runs/run00001",
        "sweep-sweep000/runs/run00001/./output.log",
        "sweep-sweep000/runs/run00001/kept/../../../sweep.db",
        "offline-run-20260101_000000-run00002/run-run00002.wandb",
        "offline-run-20260101_000000-run00001/../../x",
        "offline-run-20260101_000000-run00001",
        "settings",
        "offline-run-20260101_000000-run00001/a\0b",
        "offline-run-20260101_000000-run00001/" + "a" * 5000,
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(paths: SweepPaths, name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a file"):
        resolve(paths, name, RUN)
    with pytest.raises(ValueError, match="not the name of a file"):
        write_chunk(paths, FileChunk(RUN, name, 0, b"x", None, 0), RUN)
    assert not [path for path in paths.root.rglob("*") if path.is_file()]


def test_a_link_in_place_of_a_file_is_not_followed(paths: SweepPaths, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("mine", "utf-8")
    output = paths.run(RUN).output
    output.symlink_to(target)
    name = f"sweep-sweep000/runs/{RUN}/output.log"
    with pytest.raises(OSError, match="symbolic links"):
        write_chunk(paths, FileChunk(RUN, name, 0, b"x", None, 0), RUN)
    write_chunk(paths, FileChunk(RUN, name, 0, b"yes", 3, 1), RUN)
    assert target.read_text("utf-8") == "mine"
    assert output.read_bytes() == b"yes"
    assert not output.is_symlink()


def test_a_folder_that_is_a_link_is_not_followed(paths: SweepPaths, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    paths.run(RUN).persistent_dir.symlink_to(tmp_path / "elsewhere")
    name = f"sweep-sweep000/runs/{RUN}/kept/a/b"
    for size in (None, 1):
        with pytest.raises(OSError, match="it is a link"):
            write_chunk(paths, FileChunk(RUN, name, 0, b"x", size, 0), RUN)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_the_files_that_travel(paths: SweepPaths, tmp_path: Path) -> None:
    run = paths.run(RUN)
    for path in (
        *(run.output, run.process, run.params, run.exit, run.persistent_dir / "a" / "b"),
        paths.folder.parent / f"offline-run-1-{RUN}" / "files" / "config.yaml",
        paths.folder.parent / "offline-run-1-run00002" / "files" / "config.yaml",
        tmp_path / "chosen" / "wandb" / f"run-2-{RUN}" / f"run-{RUN}.wandb",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name, "utf-8")
    saved = paths.folder.parent / f"offline-run-1-{RUN}" / "files" / "saved.txt"
    saved.symlink_to(run.params)  # as `wandb.save` does
    run.wandb.write_text(f"{tmp_path}/chosen/wandb/run-2-{RUN}\n/not/there-{RUN}\n", "utf-8")
    assert {name for name, _ in run_files(paths, run)} == {
        f"sweep-sweep000/runs/{RUN}/output.log",
        f"sweep-sweep000/runs/{RUN}/kept/a/b",
        f"offline-run-1-{RUN}/files/config.yaml",
        f"offline-run-1-{RUN}/files/saved.txt",
        f"run-2-{RUN}/run-{RUN}.wandb",
    }


def test_a_job_as_another_machine_executes_it(paths: SweepPaths) -> None:
    import sys  # noqa: PLC0415

    there = SweepPaths.of(Path("/there"), SweepId("sweep000"))
    folder = paths.run(RUN).folder
    job = Job(
        run=RUN,
        folder=folder,
        bundle=paths.bundle,
        environment={
            "WANDB_DIR": str(paths.root),
            "WANDB_SWEEP_PARAM_PATH": str(folder / "params.yaml"),
            "GIVEN": "as it is",
        },
        seed=1,
        command=(sys.executable, "train.py", f"--args={folder}/params.json"),
    )
    moved = relocate(job, paths, there, "/there/python", agent=1, agents=4)
    assert moved.folder == Path("/there/wandb/sweep-sweep000/runs/run00001")
    assert moved.bundle == there.bundle
    assert moved.environment == {
        "WANDB_DIR": "/there",
        "WANDB_SWEEP_PARAM_PATH": f"{moved.folder}/params.yaml",
        "GIVEN": "as it is",
    }
    assert (moved.agent, moved.agents) == (1, 4)
    assert moved.command == ("/there/python", "train.py", f"--args={moved.folder}/params.json")
