"""When a GPU is excluded, and when it is tried again."""

from wandb_magic.slots.circuit_breaker import FIRST_PAUSE_S, MAX_PAUSE_S, CircuitBreaker

ALL = ["a", "b", "c"]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_two_errors_in_a_row_take_it_out() -> None:
    breaker = CircuitBreaker(Clock())
    assert breaker.on_device_error({"a": "GPU a"}, ALL) == ""
    assert breaker.on_success({"a": "GPU a"}) == ""
    assert breaker.on_device_error({"a": "GPU a"}, ALL) == ""
    assert breaker.excluded(ALL) == []
    assert "GPU a: 2 runs in a row" in breaker.on_device_error({"a": "GPU a"}, ALL)
    assert breaker.excluded(ALL) == ["a"]


def test_it_is_tried_again_with_one_run_and_pauses_get_longer() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock)
    for _ in range(2):
        breaker.on_device_error({"a": "GPU a"}, ALL)
    pause = FIRST_PAUSE_S
    for _ in range(9):
        clock.now += pause - 1
        assert breaker.excluded(ALL) == ["a"]
        clock.now += 1
        assert breaker.excluded(ALL) == []
        breaker.on_started(["a"])
        assert breaker.excluded(ALL) == ["a"]  # one run, not all
        assert breaker.on_device_error({"a": "GPU a"}, ALL)
        pause = min(2 * pause, MAX_PAUSE_S)
    clock.now += pause
    breaker.on_started(["a"])
    breaker.on_inconclusive(["a"])  # somebody stopped that run
    assert breaker.excluded(ALL) == []
    breaker.on_started(["a"])
    assert breaker.on_success({"a": "GPU a"}) == ("GPU a: runs succeed again, so it is used again")
    assert breaker.excluded(ALL) == []


def test_the_last_one_is_never_taken_out() -> None:
    breaker = CircuitBreaker(Clock())
    for device in ALL:
        for _ in range(3):
            breaker.on_device_error({device: device}, ALL)
    assert breaker.excluded(ALL) == ["a", "b"]
