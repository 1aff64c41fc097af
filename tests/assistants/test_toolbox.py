"""The tools of coding assistants: what they answer, how much, and what they refuse."""

import contextlib
import random
import string
from pathlib import Path
from typing import Any

import pytest

from full import FULL
from tests import sweeps
from wandb_magic import store
from wandb_magic.arguments import ArgumentError
from wandb_magic.assistants.answers import MAX_BYTES
from wandb_magic.assistants.roots import Roots
from wandb_magic.assistants.toolbox import TOOLS, Toolbox
from wandb_magic.errors import SweepError
from wandb_magic.log_records import HistoryRecord, SummaryRecord
from wandb_magic.paths import SweepPaths
from wandb_magic.records import RunState

SECRET = "sk-" + "1234567890abcdef"


@pytest.fixture
def paths(tmp_path: Path) -> SweepPaths:
    """A sweep of 300 runs, below a folder of its own."""
    found = sweeps.write_sweep(tmp_path / "project", sweeps.sweep_record("mysweep1"))
    writer = store.StoreWriter(found.store)
    for number in range(300):
        state = RunState.FAILED if number % 10 == 0 else RunState.FINISHED
        cause = f"ValueError: {SECRET} \x1b[31m" if state is RunState.FAILED else ""
        fields: dict[str, Any] = {
            "state": state,
            "cause": cause,
            "value": float(number),
            "ended": 2.0,
        }
        run = sweeps.run_record(number, **fields)
        writer.add_run(run)
        if number < 10:
            rows = [HistoryRecord(step, 0.0, {"loss": step / 7}) for step in range(500)]
            writer.append(run.id, rows)
    writer.commit()
    writer.close()
    output = found.run(sweeps.run_record(1).id).output
    output.parent.mkdir(parents=True)
    output.write_text("".join(f"line {number} {SECRET}\n" for number in range(3000)))
    return found


def toolbox(tmp_path: Path, *, write: bool = False) -> Toolbox:
    return Toolbox(Roots([tmp_path / "project"]), write=write)


def test_answers_are_short_and_a_cursor_gets_the_rest(paths: SweepPaths, tmp_path: Path) -> None:
    tools = toolbox(tmp_path)
    digest = tools.call("digest", {})
    assert paths.folder.name.endswith("mysweep1")
    for part in ("sweep mysweep1", "30 x ValueError: •••", "best:", "newest:", "299 finished"):
        assert part in digest, part
    assert "cursor" not in digest

    seen, cursor = [], ""
    for _ in range(100):
        answer = tools.call("runs", {"order": "number", "cursor": cursor})
        assert len(answer.encode()) <= MAX_BYTES
        *lines, last = answer.splitlines()
        if "more: cursor" not in last:
            seen += [*lines, last]
            break
        seen += lines
        cursor = last.rpartition(" ")[2].rstrip(")")
    assert [line.split(" | ")[0] for line in seen] == ["run", *map(str, range(300))]
    assert "\x1b" not in "".join(seen)
    assert SECRET not in "".join(seen)

    curves = tools.call("curves", {"runs": ["3", "4"], "points": 10})
    assert curves.count("run ") == 2
    end = tools.call("logs", {"run": "1"})
    assert "line 2999 •••" in end
    assert "before: cursor" in end
    assert "line 0 •••" in tools.call("logs", {"run": "1", "cursor": "0"})
    assert "ValueError" in tools.call("failure", {"run": "10"})
    assert "299" not in tools.call("wait", {"seconds": 0})


def test_nothing_is_written_unless_that_is_allowed(paths: SweepPaths, tmp_path: Path) -> None:
    reading, writing = toolbox(tmp_path), toolbox(tmp_path, write=True)
    assert len(writing.tools) <= 12
    assert {name for name, tool in writing.tools.items() if tool.writes} == (
        writing.tools.keys() - reading.tools.keys()
    )
    page = tmp_path / "project" / "page.html"
    for name in writing.tools.keys() - reading.tools.keys():
        with pytest.raises(ArgumentError, match="only reads"):
            reading.call(name, {"file": "page.html", "run": "1", "config": {}})
    assert not page.exists()
    outside = tmp_path / "outside.html"
    (tmp_path / "project" / "link").symlink_to(tmp_path)
    for file in ("../outside.html", str(outside), "link/outside.html", "page.txt", "\0.html"):
        with pytest.raises(ArgumentError, match="file: "):
            writing.call("report", {"file": file})
    assert "page.html" in writing.call("report", {"file": "page.html"})
    with pytest.raises(ArgumentError, match="not a new file"):
        writing.call("report", {"file": "page.html"})
    program = {"program": "/bin/ls", "method": "grid", "parameters": {"x": {"values": [1]}}}
    for config in (program, {**program, "program": "../train.py"}, {**program, "command": ["ls"]}):
        with pytest.raises(ArgumentError, match=r"(program|config): "):
            writing.call("start", {"config": config})
    with pytest.raises(ArgumentError, match="config: "):
        writing.call("start", {"config": "/etc/passwd"})
    assert not outside.exists()
    assert paths.folder.exists()


def test_sweeps_elsewhere_are_not_seen(paths: SweepPaths, tmp_path: Path) -> None:
    other = sweeps.write_sweep(tmp_path / "other", sweeps.sweep_record("othersw1"))
    tools = toolbox(tmp_path, write=True)
    assert "mysweep1" in tools.call("list", {})
    assert "othersw1" not in tools.call("list", {})
    for name in ("othersw1", "name of othersw1", str(other.folder), "../other", ".", "~"):
        with pytest.raises(SweepError):
            tools.call("stop", {"sweep": name})
        with pytest.raises(SweepError):
            tools.call("digest", {"sweep": name})
    assert paths.store.exists()


def test_several_objectives_have_a_front_and_no_best(tmp_path: Path) -> None:
    metrics = [{"name": "loss", "goal": "minimize"}, {"name": "size", "goal": "minimize"}]
    spec = {"method": "random", "metrics": metrics, "parameters": {"x": {"min": 0, "max": 9}}}
    found = sweeps.write_sweep(tmp_path / "project", sweeps.sweep_record("mysweep1", spec=spec))
    writer = store.StoreWriter(found.store)
    for number, (loss, size) in enumerate([(1.0, 9.0), (3.0, 3.0), (4.0, 4.0)]):
        run = sweeps.run_record(number, state=RunState.FINISHED, value=loss, ended=2.0)
        writer.add_run(run)
        writer.append(run.id, [SummaryRecord({"loss": loss, "size": size})])
    writer.commit()
    writer.close()
    tools = toolbox(tmp_path)
    digest = tools.call("digest", {})
    front = digest.partition("the front")[2].partition("newest:")[0].splitlines()[1:]
    assert [line.split()[0] for line in front] == ["0", "1"]
    assert [line.split(" ")[0] for line in tools.call("runs", {}).splitlines()[1:]] == [*"012"]


PIECES = [
    *("mysweep1", "othersw1", "1", "10", "loss", "best", "number", "failed", "page.html", ""),
    *("../..", "/etc/passwd", "~/.ssh/id_rsa", "link/x.html", "\0", "\x1b[2J", "💥" * 50),
    *("-1", "1e9", "9" * 40, "٣", "a" * 5000, "run00001", "../../../etc/passwd%00.html"),
]
VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**70, 1.5, float("nan"), [], {}, [1], [["x"]], {"a": 1}),
    *({"program": "x.py"}, {"method": "grid", "program": "../x.py", "parameters": {}}, ["1"] * 30),
]


@pytest.mark.usefixtures("paths")
def test_no_call_crashes_or_leaves_the_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "project")
    (tmp_path / "project" / "link").symlink_to("/tmp")
    before = set(tmp_path.rglob("*"))
    tools, generator = toolbox(tmp_path), random.Random(1)
    names = [*TOOLS, "unknown", "", "list\0"]
    for _ in range(100_000 if FULL else 2000):
        name = generator.choice(names)
        known = [*TOOLS[name].arguments] if name in TOOLS else []
        arguments: dict[Any, Any] = {}
        for _ in range(generator.randrange(5)):
            key = generator.choice(
                [*known, *known, "".join(generator.choices(string.printable, k=3))]
            )
            arguments[key] = generator.choice([*PIECES, *PIECES, *VALUES])
        if name == "wait":
            arguments["seconds"] = generator.choice([0, -1, "0"])
        if generator.random() < 0.7:  # so that more of them get further
            arguments.pop("sweep", None)
        try:
            answer = tools.call(name, arguments)
        except SweepError as error:
            answer = str(error)[:1000]
        assert len(answer.encode()) <= MAX_BYTES
        assert "root:x:" not in answer
        assert SECRET not in answer
    written = set(tmp_path.rglob("*")) - before
    assert not [path for path in written if not path.name.startswith("sweep.db")]


@pytest.mark.usefixtures("paths")
def test_no_call_that_may_write_writes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "project")
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "project" / "link").symlink_to(outside)
    (tmp_path / "project" / "dangling.html").symlink_to(outside / "new.html")
    (outside / "config.yaml").write_text("program: x.py\nmethod: grid\nparameters: {}\n")
    before = {
        path for path in tmp_path.rglob("*") if not path.is_relative_to(tmp_path / "project")
    }
    tools, generator = toolbox(tmp_path, write=True), random.Random(2)
    folders = [
        "",
        "./",
        "../",
        "../outside/",
        f"{outside}/",
        "link/",
        "link/../",
        "a/../../",
        "//",
    ]
    names = ["page.html", "dangling.html", "config.yaml", "train.py", "..", "\0.html", ""]
    for _ in range(20_000 if FULL else 400):
        path = generator.choice(folders) + generator.choice(folders) + generator.choice(names)
        config = {"program": path, "method": "grid", "parameters": {"x": {"values": []}}}
        for name, arguments in (
            ("report", {"file": path}),
            ("start", {"config": path}),
            ("start", {"config": config}),
        ):
            with contextlib.suppress(SweepError):
                answer = tools.call(name, arguments)
                assert name == "report", (arguments, answer)
    after = {path for path in tmp_path.rglob("*") if not path.is_relative_to(tmp_path / "project")}
    assert after == before
    assert (tmp_path / "project" / "page.html").is_file()
