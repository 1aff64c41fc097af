"""What users write about sweeps and runs, in Python and as a command; no supervisor is needed."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sweeps import run_record, sweep_record, write_sweep
from wandb_magic import registry, store
from wandb_magic.api import Sweep
from wandb_magic.arguments import MAX_NAME, MAX_TAGS, ArgumentError
from wandb_magic.cli.main import main
from wandb_magic.log_records import InfoRecord
from wandb_magic.records import Options, RunState


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    """An imported sweep, which never had a supervisor here, with two runs."""
    record = replace(sweep_record(), options=Options(copied=True))
    paths = write_sweep(tmp_path, record)
    with closing(store.StoreWriter(paths.store)) as writer:
        for number in range(2):
            run = run_record(number, state=RunState.FINISHED, ended=1010.0)
            writer.add_run(run)
            writer.append(run.id, [_info(f"own-{number}")])
        writer.commit()
    return Sweep(paths)


def _info(name: str) -> InfoRecord:
    return InfoRecord(
        project="",
        name=name,
        group="",
        job_type="",
        tags=("logged",),
        notes="",
        host="",
        git_commit="",
        start_time=0.0,
    )


def test_a_run_has_its_own_labels_until_a_user_gives_it_others(sweep: Sweep) -> None:
    own = {"name": "own-1", "notes": "", "tags": ["logged"], "pinned": False, "hidden": False}
    assert sweep.labels(1) == own
    sweep.annotate_run(1, name="warm start", tags=["best", "best", "kept"], pinned=True)
    assert sweep.labels(1) == {
        **own,
        "name": "warm start",
        "tags": ["best", "kept"],
        "pinned": True,
    }
    assert sweep.labels(0)["name"] == "own-0"
    assert [run.number for run in sweep.records("tag:best and name ~ warm")] == [1]
    sweep.annotate_run(1, notes="**why** it is kept")
    assert [run.number for run in sweep.records("notes ~ kept")] == [1]
    sweep.annotate_run(1, name="", notes="", tags=[], pinned=False)
    assert sweep.labels(1) == {**own, "tags": []}


def test_a_sweep_is_found_by_its_new_name(sweep: Sweep) -> None:
    assert (sweep.notes, sweep.tags, sweep.baseline) == ("", [], None)
    sweep.annotate(name="digits", notes="*first*", tags=["paper"], baseline=1)
    again = Sweep(sweep._paths)
    assert (sweep.name, again.name, again.status().sweep.name) == ("digits",) * 3
    assert (again.notes, again.tags) == ("*first*", ["paper"])
    assert again.baseline is not None
    assert again.baseline.number == 1
    entry = registry.find(sweep.id)
    assert entry is not None
    assert entry.name == "digits"
    sweep.annotate(name="", baseline="")
    assert (sweep.name, sweep.baseline, sweep.tags) == ("name of sweep000", None, ["paper"])


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ({"name": "two\nlines"}, "name: must be one line"),
        ({"name": "n" * (MAX_NAME + 1)}, "name: must be one line of at most"),
        ({"tags": "best"}, "tags: must be a list"),
        ({"tags": ["a", " "]}, "tags: a tag must not be empty"),
        ({"tags": [str(number) for number in range(MAX_TAGS + 1)]}, "tags: must be at most"),
        ({"notes": 1}, "notes: must be text"),
    ],
)
def test_labels_that_make_no_sense_are_refused(
    sweep: Sweep, labels: dict[str, object], reason: str
) -> None:
    before = sweep.labels(0)
    with pytest.raises(ArgumentError, match=reason):
        sweep.annotate_run(0, **labels)  # type: ignore[arg-type] # as users do
    assert sweep.labels(0) == before


@pytest.mark.usefixtures("sweep")
def test_the_command_says_what_a_sweep_and_a_run_have_now(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def say(line: str) -> str:
        monkeypatch.setattr("sys.argv", ["wandb-magic", *line.split()])
        with pytest.raises(SystemExit):
            main()
        return "".join(capsys.readouterr()).strip()

    assert say("annotate sweep000 --name digits --tag a --tag b --baseline 0") == (
        "sweep digits (sweep000); tags: a, b; baseline: run 0"
    )
    assert say("annotate sweep000 --untag a --baseline none --notes why") == (
        "sweep digits (sweep000); notes: why; tags: b"
    )
    assert say("annotate-run sweep000 1 --tag best --pin --hide") == (
        "run 1 of sweep digits (sweep000); name: own-1; tags: logged, best; pinned; hidden"
    )
    assert say("annotate-run sweep000 1 --untag logged --no-hide --no-pin --name x") == (
        "run 1 of sweep digits (sweep000); name: x; tags: best"
    )
    assert "annotate-run: give --name" in say("annotate-run sweep000 1")
