"""GPUs are shared out evenly; a single agent sees all of them."""

import pytest

from wandb_magic.supervisor.resources import devices_of_agent


@pytest.mark.parametrize(
    ("agents", "visible", "expected"),
    [
        (1, "0,1", [{}]),
        (2, "0,1", [{"CUDA_VISIBLE_DEVICES": "0"}, {"CUDA_VISIBLE_DEVICES": "1"}]),
        (2, "4,5,6,7", [{"CUDA_VISIBLE_DEVICES": "4,6"}, {"CUDA_VISIBLE_DEVICES": "5,7"}]),
        (3, "0,1", [{"CUDA_VISIBLE_DEVICES": device} for device in ("0", "1", "0")]),
        (2, "", [{}, {}]),
    ],
)
def test_each_agent_has_its_share(
    agents: int, visible: str, expected: list[dict[str, str]]
) -> None:
    environment = {"CUDA_VISIBLE_DEVICES": visible}
    shares = [devices_of_agent(agent, agents, environment) for agent in range(agents)]
    assert shares == expected
