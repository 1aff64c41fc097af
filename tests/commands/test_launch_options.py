import pytest

from wandb_magic.api import _options
from wandb_magic.commands.launch_options import launch_options, parse_duration
from wandb_magic.commands.parser import UsageError, cell_parser
from wandb_magic.commands.start_options import MODES, SAMPLERS
from wandb_magic.search import SAMPLERS as SEARCHED


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("10m", 600), ("2h", 7200), (" 2 h ", 7200)],
)
def test_durations(text: str, expected: float) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "-3", "3 weeks", "1h30"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="10m"):
        parse_duration(text)


def test_options_become_settings() -> None:
    words = (
        "c --count 4 --agents 2 --name n --project p --entity e --mode offline --seed 7 "
        "--sampler tpe --env A=1 --env B=x=y --run-timeout 2m --retries 1 --failure-limit 0 "
        "--repeat 3 --for 2h --cost 20 --price-per-hour 1.5 --until-flat"
    )
    asked = launch_options(cell_parser({}).parse_intermixed_args(words.split()))
    assert (asked.count, asked.agents, asked.name) == (4, 2, "n")
    assert (asked.project, asked.entity, asked.mode) == ("p", "e", "offline")
    assert asked.env == {"A": "1", "B": "x=y"}
    options = asked.options
    assert (options.seed, options.sampler, options.run_timeout) == (7, "tpe", 120)
    assert (options.retries, options.failure_limit, options.priors) == (1, 0, ())
    assert (options.repeat, options.max_time, options.until_flat) == (3, 7200, True)
    assert (options.max_cost, options.price_per_hour) == (20, 1.5)


def test_a_seed_is_drawn_if_none_is_given() -> None:
    seeds = {launch_options(cell_parser({}).parse_args([])).options.seed for _ in range(5)}
    assert len(seeds) == 5


@pytest.mark.parametrize("pair", ["A", "=1"])
def test_an_environment_variable_needs_a_name_and_a_value(pair: str) -> None:
    with pytest.raises(UsageError, match="NAME=VALUE"):
        launch_options(cell_parser({}).parse_args(["--env", pair]))


def test_the_parser_offers_what_the_verbs_accept() -> None:
    assert (MODES, SAMPLERS) == (_options.MODES, SEARCHED)
