from collections.abc import Callable
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

from wandb_magic.api import Sweep
from wandb_magic.bundle import manifest

Run = Callable[[InteractiveShell, str], ExecutionResult]
SPEC = '{"method": "grid", "parameters": {"lr": {"values": [0.3, 0.1, 0.2]}}, "metric": {"name": "loss", "goal": "minimize"}}'  # noqa: E501 - a magic's line is one
BODY = """
import wandb
with wandb.init() as run:
    print("scaled by", scale)
    run.log({"loss": scale * run.config.lr})
"""


def cell(line: str, body: str = BODY) -> str:
    return f"%%wandb_sweep {line}{body}"


def started(result: ExecutionResult) -> Sweep:
    result.raise_error()
    assert isinstance(result.result, Sweep)
    return result.result


def test_a_sweep_from_start_to_deletion(
    shell: InteractiveShell, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(line: str) -> str:
        capsys.readouterr()
        run(shell, line).raise_error()
        return str(capsys.readouterr().out)

    run(shell, f"scale = 2\nspec = {SPEC}")
    sweep = started(run(shell, cell("spec --name mine --agents 2 --out bound --seed 3")))
    assert "scale (int, 5 B)" in capsys.readouterr().out
    assert shell.user_ns["bound"] is sweep
    assert "✓ finished 3" in said("%wandb_sweep wait")
    assert sweep.best_config == {"lr": 0.1}
    assert "best 0.2 (run 1)" in said("%wandb_sweep status")
    assert "mine" in said("%wandb_sweep")
    assert "mine" in said("%wandb_sweep list")
    assert "lr: 0.1" in said("%wandb_sweep best mine")
    assert "scaled by 2" in said("%wandb_sweep logs bound 0")
    assert "is still running" not in said("%wandb_sweep logs 0 --follow")
    frame = run(shell, "%wandb_sweep runs").result
    assert list(frame["config.lr"]) == [0.3, 0.1, 0.2]
    assert run(shell, "%wandb_sweep history").result.shape == (1, 3)
    importance = run(shell, "%wandb_sweep importance bound").result
    assert "only 3 runs" in importance.attrs["warning"]
    assert "best_run" in said("%wandb_sweep compare bound mine")
    assert "3 trials (3 complete)" in said("%wandb_sweep study")
    assert "has already ended" in said("%wandb_sweep stop")

    refused = run(shell, "%wandb_sweep delete")
    assert isinstance(refused.error_in_exec, UsageError)
    assert "--yes" in str(refused.error_in_exec)
    assert "deleted" in said(f"%wandb_sweep delete {sweep.id} --yes")
    assert "no sweeps yet" in said("%wandb_sweep")
    assert "no sweep yet" in str(run(shell, "%wandb_sweep status").error_in_exec)


@pytest.mark.parametrize(
    "config",
    [
        "spec",
        SPEC,
        "{**spec, 'name': 'it \"is\" {x}'}",
        "text",
        "sweep.yaml",
        "'sweep.yaml'",
        "path",
    ],
)
def test_a_config_is_a_name_an_expression_a_file_or_text(
    shell: InteractiveShell, run: Run, config: str
) -> None:
    Path("sweep.yaml").write_text(SPEC)
    run(shell, f"from pathlib import Path\nspec = {SPEC}\ntext = '''{SPEC}\n'''")
    run(shell, "path = Path('sweep.yaml')")
    sweep = started(run(shell, cell(f"{config} --count 1", "\npass")))
    assert sweep.config["method"] == "grid"
    sweep.stop()


def test_line_numbers_in_the_bundle_are_the_notebooks(shell: InteractiveShell, run: Run) -> None:
    run(shell, f"scale = 2\nspec = {SPEC}")
    sweep = started(run(shell, cell("spec --count 1 --wait", "\n\nraise ValueError(scale)")))
    code = manifest.cell_path(sweep.path / "bundle").read_text()
    assert code == "# %%wandb_sweep spec --count 1 --wait\n\nraise ValueError(scale)\n"
    (only,) = sweep.records()
    assert "line 3" in only.error
    assert "raise ValueError(scale)" in only.error


def test_an_empty_cell_runs_the_program(shell: InteractiveShell, run: Run) -> None:
    Path("train.py").write_text("print('hello')")
    program = SPEC.replace("{", '{"program": "train.py", ', 1)
    sweep = started(run(shell, f"%%wandb_sweep {program} --count 1"))
    assert sweep.config["program"] == "train.py"
    sweep.stop()


def test_excluded_variables_stay_behind(shell: InteractiveShell, run: Run) -> None:
    run(shell, f"spec = {SPEC}\nscale = open('/dev/null')\nother = 1")
    body = "\nscale = 3\nprint(scale, other)"
    sweep = started(run(shell, cell("spec --count 1 --exclude 'scale, unknown'", body)))
    assert sweep.contents is not None
    assert [item.name for item in sweep.contents.variables] == ["other"]
    sweep.stop()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (cell(""), "a config is missing"),
        (cell("nosuch --count 1"), "'nosuch' is not defined: run the cell"),
        (cell("3 --count 1"), "3 is a int"),
        (cell("no config"), "'no config' is not a config"),
        (cell("{'a': 1"), "} is missing"),
        (cell("missing.yaml"), "missing.yaml cannot be read"),
        (cell("{'method': 'guess', 'parameters': {}}"), "method: must be"),
        (cell(f"{SPEC} --count many"), "argument --count"),
        (cell(f"{SPEC} --cuont 1"), "--cuont"),
        (cell(f"{SPEC} --run-timeout soon"), "10m"),
        (cell(f"{SPEC} --env A"), "NAME=VALUE"),
        (cell(f"{SPEC} --out 1x"), "--out 1x"),
        (cell(f"{SPEC} --prior nosuch"), "no sweep 'nosuch'"),
        (cell(f"{SPEC} --agents 0"), "agents"),
        (cell(SPEC, "\n  "), "nothing to run"),
        (cell(SPEC, "\nprint(nosuch)"), "line 2: name 'nosuch'"),
        ("%wandb_sweep status nosuch", "no sweep 'nosuch'"),
        ("%wandb_sweep frobnicate", "invalid choice"),
        ("%wandb_sweep logs", "RUN"),
    ],
)
def test_mistakes_get_one_sentence_and_start_nothing(
    shell: InteractiveShell,
    run: Run,
    text: str,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = run(shell, text).error_in_exec
    assert isinstance(error, UsageError)
    assert said in str(error)
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    assert not list(tmp_path.glob("wandb/*"))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (cell("1 / 0"), ZeroDivisionError),
        (cell("undefined['a b']"), NameError),
    ],
)
def test_the_users_own_errors_stay_theirs(
    shell: InteractiveShell, run: Run, text: str, error: type[Exception]
) -> None:
    assert type(run(shell, text).error_in_exec) is error


@pytest.mark.parametrize(
    ("body", "kind", "place", "text"),
    [
        ("print(1", "SyntaxError", 2, "print(1"),
        ("x = 1\nreturn x", "SyntaxError", 3, "return x"),
        ("if True:\nx = 1", "IndentationError", 3, "x = 1"),
        ("def f():\n    await g()", "SyntaxError", 3, "await g()"),
        ("def f():\n    nonlocal q", "SyntaxError", 3, "nonlocal q"),
        ("text = 'never", "SyntaxError", 2, "text = 'never"),
        ("for x in [1]:\n    pass\nbreak", "SyntaxError", 4, "break"),
        ("def f():\n  if 1:\n      x\n    y", "IndentationError", 5, "y"),
    ],
)
def test_syntax_errors_show_the_cell_and_nothing_of_ours(
    shell: InteractiveShell,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    body: str,
    kind: str,
    place: int,
    text: str,
) -> None:
    error = run(shell, cell(SPEC, f"\n{body}")).error_in_exec
    assert type(error).__name__ == kind
    first, second, *_, last = capsys.readouterr().out.rstrip().splitlines()
    assert first.startswith("  Cell In[")
    assert first.endswith(f"], line {place}")
    assert second.strip() == text
    assert last.startswith(f"{kind}: ")


@pytest.mark.parametrize(("body", "line"), [("x = 1\nx\0", 3), ("'\ud800'", 2)])
def test_what_no_python_reads_is_refused_in_a_sentence(
    shell: InteractiveShell, run: Run, body: str, line: int
) -> None:
    error = run(shell, cell(SPEC, f"\n{body}")).error_in_exec
    assert isinstance(error, UsageError)
    assert str(error).startswith(f"line {line}: the character ")


@pytest.mark.parametrize("line", ["%%wandb_sweep --help", "%wandb_sweep --help"])
def test_help(
    shell: InteractiveShell, run: Run, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shell, line).result is None
    assert capsys.readouterr().out.startswith(f"usage: {line.removesuffix('--help')}")


def test_defaults_come_from_the_configuration(
    make_shell: Callable[..., InteractiveShell], run: Run
) -> None:
    shell = make_shell(WandbSweepMagics={"agents": 3, "seed": 11, "run_timeout": "2m"})
    sweep = started(run(shell, cell(f"{SPEC} --count 1 --seed 12", "\npass")))
    status = sweep.status().sweep
    assert (status.agents, status.options.seed, status.options.run_timeout) == (3, 12, 120)
    sweep.stop()


def test_loading_twice_keeps_the_sweeps_of_the_first(shell: InteractiveShell, run: Run) -> None:
    before = shell.magics_manager.registry["WandbSweepMagics"]
    run(shell, "%reload_ext wandb_magic")
    assert shell.magics_manager.registry["WandbSweepMagics"] is before
