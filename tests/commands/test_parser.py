import pytest

from wandb_magic.commands.parser import (
    VERBS,
    Parser,
    UsageError,
    cell_parser,
    command_parser,
    line_parser,
)


@pytest.mark.parametrize(
    "words", [["c", "--count", "3"], ["--count", "3", "c"], ["--wait", "c", "--count", "3"]]
)
def test_the_config_may_stand_anywhere(words: list[str]) -> None:
    options = cell_parser({}).parse_intermixed_args(words)
    assert (options.config, options.count) == (["c"], 3)


def test_defaults_hold_where_nothing_is_typed() -> None:
    parser = cell_parser({"agents": 5, "mode": "offline"})
    assert parser.parse_args(["c"]).agents == 5
    assert parser.parse_args(["c", "--agents", "2"]).agents == 2


@pytest.mark.parametrize(
    ("words", "sweep", "run"),
    [
        ("logs 3", None, "3"),
        ("logs abc 3", "abc", "3"),
        ("stop-run 3", None, "3"),
        ("resume-run 3", None, "3"),
        ("rerun abc 3", "abc", "3"),
        ("rerun abc --failed", "abc", None),
    ],
)
def test_the_sweep_may_be_left_out(words: str, sweep: str | None, run: str) -> None:
    options = line_parser().parse_args(words.split())
    assert (options.sweep, options.run) == (sweep, run)


@pytest.mark.parametrize(
    "words", ["", "frobnicate", "logs", "set-agents x", "run", "run a --nope"]
)
def test_what_makes_no_sense_is_an_error_that_leads_to_help(words: str) -> None:
    with pytest.raises(UsageError, match=r"\(help: wandb-magic.* --help\)"):
        command_parser().parse_args(words.split())


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("parser", [line_parser(), command_parser()], ids=["line", "command"])
def test_every_verb_has_help(
    parser: Parser, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parser.parse_args([verb, "--help"])
    assert VERBS[verb].help.split()[-1] in capsys.readouterr().out


def test_json_is_for_the_command_line_only() -> None:
    assert command_parser().parse_args(["runs", "--json"]).json
    with pytest.raises(UsageError):
        line_parser().parse_args(["runs", "--json"])
