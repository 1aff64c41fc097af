"""Stale and late variables, made by the real wandb, its newest and its oldest version."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from wandb_magic.doctor.checks.variables import check
from wandb_magic.doctor.diagnostics import Diagnostic, Level
from wandb_magic.doctor.environment import Environment

ROOT = Path(__file__).parents[3]
Bad = Callable[[list[Diagnostic]], list[Diagnostic]]

SERVICE = """
import os, sys
import wandb
wandb.setup()
print(os.environ["WANDB_SERVICE"], flush=True)
sys.stdin.read()
"""
USES_A_SERVICE = """
import wandb
wandb.init(mode="offline")
"""
LATE = """
import json, os, sys
from wandb_magic.doctor.environment import Environment
from wandb_magic.doctor.checks.variables import check

def told():
    return [[each.level.value, each.text] for each in check(Environment())]

answers = {}
os.environ["WANDB_PROJECT"] = "early"
answers["before the import"] = told()
assert "wandb" not in sys.modules
import wandb
os.environ["WANDB_PROJECT"] = "after-the-import"
answers["after the import"] = told()
wandb.setup()
answers["as it was read"] = told()
assert wandb.setup().settings.project == "after-the-import"
os.environ["WANDB_PROJECT"] = "late"
os.environ["WANDB_TAGS"] = "a,b"
answers["late"] = told()
with wandb.init(mode="offline") as run:
    answers["project"] = run.project
wandb.teardown()
answers["after the remedy"] = told()
with wandb.init(mode="offline") as run:
    answers["project then"] = run.project
sys.stdout.write("\\n" + json.dumps(answers))
"""


def executed(python: str, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


def test_nothing_is_said_where_nothing_is_set() -> None:
    (finding,) = check(Environment(variables={"HOME": "/"}))
    assert (finding.level, finding.text) == (Level.OK, "none is set")


def test_a_service_is_stale_when_its_process_is_gone(python: str, bad: Bad) -> None:
    with subprocess.Popen(
        [python, "-c", SERVICE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        token = process.stdout.readline().strip()
        env = Environment(variables={"WANDB_SERVICE": token})
        (living,) = bad(list(check(env)))
        process.communicate()
    assert living.level is Level.NOTE
    assert f"process {process.pid}" in living.text

    (stale,) = bad(list(check(env)))
    assert stale.level is Level.PROBLEM
    assert "stale" in stale.text
    assert stale.remedy == "unset WANDB_SERVICE"
    used = executed(python, USES_A_SERVICE, WANDB_SERVICE=token)
    assert used.returncode != 0
    assert "WandbServiceConnectionError" in used.stderr


def test_a_service_of_another_kind_is_refused_as_wandb_does(python: str, bad: Bad) -> None:
    (unknown,) = bad(list(check(Environment(variables={"WANDB_SERVICE": "nonsense"}))))
    assert unknown.level is Level.PROBLEM
    assert executed(python, USES_A_SERVICE, WANDB_SERVICE="nonsense").returncode != 0


def test_what_names_one_run_is_noticed_and_not_shown(bad: Bad) -> None:
    environment = {"WANDB_RUN_ID": "abc12345", "WANDB_SWEEP_ID": "sweep123", "WANDB_DIR": "/x"}
    (finding,) = bad(list(check(Environment(variables=environment))))
    assert finding.level is Level.NOTE
    assert "WANDB_RUN_ID, WANDB_SWEEP_ID name one" in finding.text
    assert "abc12345" not in finding.text + finding.remedy
    assert finding.remedy == "unset WANDB_RUN_ID WANDB_SWEEP_ID"


def test_what_was_set_too_late_has_no_effect_until_the_remedy(python: str, tmp_path: Path) -> None:
    done = executed(python, LATE, WANDB_DIR=str(tmp_path), WANDB_SILENT="true")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    for moment in ("before the import", "after the import", "as it was read", "after the remedy"):
        assert [level for level, _ in told[moment]] == ["ok"], moment
    assert [level for level, _ in told["late"]] == ["ok", "note"]
    (_, text) = told["late"][-1]
    assert "WANDB_PROJECT, WANDB_TAGS were changed too late" in text
    assert (told["project"], told["project then"]) == ("after-the-import", "late")


def test_no_value_is_shown() -> None:
    secret = "0123456789" * 4
    env = Environment(variables={"WANDB_API_KEY": secret, "WANDB_SERVICE": secret})
    assert secret not in repr(list(check(env)))
