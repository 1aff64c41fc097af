"""Any line of a magic gives a result or one sentence, never a traceback of ours."""

import traceback
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from IPython.core.error import UsageError
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

from wandb_magic.commands.parser import VERBS

Run = Callable[[InteractiveShell, str], ExecutionResult]
ODD = (
    *("\\", "a\\", "'", '"', "'a", "(", ")", "[)", "{", "--", "-", "---x", "--help\\", "=", "a=b"),
    *("\x00", "a\x00b", "é", "🙂", "\u202e", "\u2028", "\x1b[31m", "\t", "%s", "{0}"),
    *("--count", "--count=x", "--count=1e9", "--count=" + "9" * 400, "--agents=-1", "--name='"),
    *(
        "--timeout=nan",
        "--timeout=inf",
        "--timeout=-1",
        "--run_timeout=1e400",
        "--env=A",
        "--out=1",
    ),
    *(
        "9" * 400,
        "-9",
        "٣",
        "1.5",
        "../..",
        "/",
        "~",
        "~no-such-user/x",
        ".",
        "a" * 300,
        "/dev/null",
        "$HOME",
    ),
    *(
        "config",
        "missing",
        "config.x",
        "config['x']",
        "1/0",
        "[]",
        "lambda: 0",
        "{}",
        "*",
        "x y",
        "#",
    ),
    *("--metric=\\", "--tail=-1", "--follow", "--all", "--json", "--export=\x00", "--prior=x"),
)
# What runs for long or needs a server is about sweeps that are there; here is none.
WORDS = st.sampled_from(ODD) | st.text(
    st.characters(exclude_characters="\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=8
)
LINES = st.lists(WORDS, max_size=4).map(" ".join)
FUZZ = settings(
    max_examples=50,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def sound(shell: InteractiveShell, magic: str, line: str, cell: str | None = None) -> None:
    try:
        if cell is None:
            shell.run_line_magic(magic, line)
        else:
            shell.run_cell_magic(magic, line, cell)
    except UsageError as error:
        said = str(error)
        assert said
        assert "Traceback" not in said
    except Exception as error:  # noqa: BLE001 - any kind, but from one place only
        # What evaluating the user's own expression raises is the user's.
        frames = traceback.extract_tb(error.__traceback__)
        assert frames[-1].filename == "<%%wandb_sweep>", line


@pytest.fixture
def shown(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    """Return a shell whose doctor and W&B are not asked each time: both take seconds."""
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:1")
    shell.user_ns["config"] = {"method": "random", "parameters": {}}
    return shell


@pytest.mark.parametrize("odd", ODD)
def test_odd_words_are_answered(shown: InteractiveShell, odd: str) -> None:
    # Each word with some of the verbs, so that all verbs have had many.
    for verb in ["", "status", *list(VERBS)[ODD.index(odd) % 8 :: 8]]:
        if verb != "doctor":
            sound(shown, "wandb_sweep", f"{verb} {odd}")
            sound(shown, "wandb_sweep", f"{verb} a {odd}")
    sound(shown, "wandb_sweep", odd, "pass\n")
    sound(shown, "wandb_sweep", f"config {odd}", "pass\n")


def test_any_line_is_answered(shown: InteractiveShell, run: Run) -> None:
    @FUZZ
    @given(st.sampled_from(["", *(verb for verb in VERBS if verb != "doctor")]), LINES)
    def line(verb: str, rest: str) -> None:
        sound(shown, "wandb_sweep", f"{verb} {rest}")

    @FUZZ
    @given(LINES, st.sampled_from(["", "pass\n", "x = \\", "\x00", "'", "return", "é = 1\n"]))
    def cell(rest: str, text: str) -> None:
        sound(shown, "wandb_sweep", rest, text)

    line()
    cell()
    # As a front end sends it, too: what IPython itself makes of a line must reach us well.
    for text in (
        r"%wandb_sweep status a\ ".strip(),
        "%wandb_sweep '",
        "%%wandb_sweep config \\\npass",
    ):
        result = run(shown, text)
        assert isinstance(result.error_in_exec, UsageError), text
