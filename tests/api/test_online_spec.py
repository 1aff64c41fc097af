"""Keys that W&B's server does not know are refused before the start, or named in a notice."""

from typing import Any

import pytest

from wandb_magic.api._start import _online_spec
from wandb_magic.errors import SpecError
from wandb_magic.spec import Spec, load

METRICS = [{"name": "loss", "goal": "minimize"}, {"name": "speed", "goal": "maximize"}]


def spec(**keys: Any) -> Spec:  # noqa: ANN401 - keys of a config
    return load(
        {
            "method": "random",
            "metric": METRICS[0],
            "parameters": {"a": {"values": [1, 2]}, "b": {"values": [1, 2]}},
            **keys,
        }
    )


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"method": "bayes", "metric": None, "metrics": METRICS}, "metrics: .* a single metric"),
        ({"forbid": [{"a": 1, "b": 1}]}, "when, forbid: .* does not know them"),
        ({"parameters": {"a": {"values": [1]}, "b": {"value": 1, "when": {"a": 1}}}}, "when, "),
        ({"early_terminate": {"type": "nan"}}, "early_terminate: .* does not know nan"),
    ],
)
def test_what_the_server_would_have_to_decide_by_is_refused(
    keys: dict[str, Any], problem: str
) -> None:
    with pytest.raises(SpecError, match=problem):
        _online_spec(spec(**keys))


def test_repeats_are_refused() -> None:
    with pytest.raises(SpecError, match=r"repeat: .* does not know repeats: use --mode offline"):
        _online_spec(spec(), repeat=2)


def test_what_decides_here_is_told() -> None:
    (notice,) = _online_spec(spec(constraints=["memory <= 7"])).notices
    assert notice.startswith("constraints: W&B's server does not know them")
    plain = spec(early_terminate={"type": "hyperband", "min_iter": 3, "strict": True})
    assert _online_spec(plain) == plain
    assert _online_spec(spec(metric=None, metrics=METRICS)).metrics
