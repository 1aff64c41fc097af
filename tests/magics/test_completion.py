from collections.abc import Callable
from pathlib import Path

import pytest
from IPython.core.completer import ProvisionalCompleterWarning
from IPython.core.interactiveshell import InteractiveShell

from wandb_magic import registry
from wandb_magic.records import SweepId

Complete = Callable[[str], list[str]]


@pytest.fixture(params=[True, False], ids=["jedi", "plain"])
def complete(shell: InteractiveShell, request: pytest.FixtureRequest, tmp_path: Path) -> Complete:
    shell.Completer.use_jedi = request.param
    shell.user_ns |= {"spec": {}, "special": 3, "file": "sweep.yaml", "_hidden": {}}
    (tmp_path / "spec.yaml").touch()
    for number, name in enumerate(["mine", "with space"]):
        entry = registry.SweepLocation(
            SweepId(f"sweep00{number}"), name, str(tmp_path), float(number)
        )
        registry.add(entry)

    def found(text: str) -> list[str]:
        with pytest.warns(ProvisionalCompleterWarning):
            return [each.text for each in shell.Completer.completions(text, len(text))]

    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%wandb_sweep st", ["stack", "status", "stop", "stop-run", "study"]),
        ("%wandb_sweep stop ", ["mine", "sweep000", "sweep001"]),
        ("%wandb_sweep stop --", ["--drain", "--help"]),
        ("%wandb_sweep stop mine --d", ["--drain"]),
        ("%wandb_sweep logs sw", ["sweep000", "sweep001"]),
        ("%wandb_sweep compare sweep000 sweep001", ["sweep001"]),
        ("%%wandb_sweep ", ["file", "spec"]),
        ("%%wandb_sweep sp", ["spec"]),
        ("%%wandb_sweep spec --a", ["--agents", "--ask"]),
        ("%%wandb_sweep spec --count 3 --sampler ", ["auto", "cmaes", "gp", "random", "tpe"]),
        ("%%wandb_sweep spec --prior m", ["mine"]),
        ("%%wandb_sweep spec --exclude spe", ["spec", "special"]),
    ],
)
def test_what_can_come_next(complete: Complete, text: str, expected: list[str]) -> None:
    assert sorted(complete(text)) == expected


def test_the_magic_itself(complete: Complete) -> None:
    assert {"%wandb_sweep", "%%wandb_sweep"} <= set(complete("%wandb_sw"))


def test_other_lines_are_left_alone(complete: Complete) -> None:
    assert "special" in complete("x = specia")
    assert "special" in complete('%%wandb_sweep {"a": specia')
