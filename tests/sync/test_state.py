from dataclasses import replace
from pathlib import Path

from wandb_magic.paths import SyncPaths
from wandb_magic.processes import current_process
from wandb_magic.records import ProcessId, RunId, RunRecord, RunState
from wandb_magic.sync.state import Phase, SyncJournal, SyncState, Target, UploadStep, read, steps

RUN = RunRecord(RunId("run00001"), 0, 0, 0, {}, RunState.FINISHED, 1.0, ended=2.5)


def progress(folder: Path) -> SyncJournal:
    return SyncJournal(SyncPaths(folder / "sync"), SyncState(Target("team", "digits")))


def test_steps_survive(tmp_path: Path) -> None:
    first = progress(tmp_path)
    first.record_step(RUN, UploadStep.BEGUN)
    assert not first.is_sent(RUN)
    first.record_step(RUN, UploadStep.SENT)
    second = progress(tmp_path)
    assert second.is_sent(RUN)
    assert not second.is_sent(replace(RUN, id=RunId("run00002")))


def test_a_run_that_went_on_after_it_was_sent_is_not_sent(tmp_path: Path) -> None:
    made = progress(tmp_path)
    made.record_step(RUN, UploadStep.SENT)
    assert not made.is_sent(replace(RUN, ended=9.0))


def test_a_line_that_a_crash_cut_off_never_was(tmp_path: Path) -> None:
    made = progress(tmp_path)
    made.record_step(RUN, UploadStep.BEGUN)
    paths = SyncPaths(tmp_path / "sync")
    with paths.runs.open("a", encoding="ascii") as file:
        file.write("sent run0")
    assert {run: taken.step for run, taken in steps(paths).items()} == {RUN.id: UploadStep.BEGUN}
    again = progress(tmp_path)
    again.record_step(RUN, UploadStep.SENT)
    assert list(steps(paths)) == [RUN.id]
    assert progress(tmp_path).is_sent(RUN)


def test_the_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = progress(tmp_path)
    assert read(SyncPaths(tmp_path / "sync")) is None
    made.update(phase=Phase.SENDING, runs=3, sent=1, process=current_process())
    made.add_notice("once")
    made.add_notice("once")
    found = read(SyncPaths(tmp_path / "sync"))
    assert found == made.state
    assert found.notices == ("once",)


def test_it_says_how_it_stands() -> None:
    target = Target(
        "team", "digits", "remote01", "https://example.org/team/digits/sweeps/remote01"
    )
    state = SyncState(target, Phase.SENDING, runs=200, sent=120, process=current_process())
    assert str(state) == f"synced 120/200 to {target.url}"
    gone = replace(state, process=ProcessId(1, "never"))
    assert gone.interrupted
    assert str(gone) == f"synced 120/200 to {target.url} · interrupted: sync again to continue"
    assert str(replace(gone, phase=Phase.DONE, sent=200)) == f"synced 200/200 to {target.url}"
