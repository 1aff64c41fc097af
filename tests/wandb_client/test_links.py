"""Which addresses may become links."""

import pytest

from wandb_magic.wandb_client import run_page, web_address


@pytest.mark.parametrize(
    "address",
    [
        "https://wandb.ai/entity/project/sweeps/abcd1234",
        "http://localhost:8080/a/sweeps/b?x=javascript:1#y",
        "http://[::1]:8080/",
        "HTTPS://WANDB.AI/",
    ],
)
def test_the_web_may_be_linked(address: str) -> None:
    assert web_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)"),
        *("\x01javascript:alert(1)", "java\nscript:alert(1)", "java\tscript:alert(1)//https://x"),
        *("javascript://https://x/%0aalert(1)", "data:text/html,<script>alert(1)</script>"),
        *("vbscript:msgbox(1)", "blob:https://x/1", "file:///etc/passwd", "//elsewhere.example"),
        *("\\\\elsewhere.example", "https:elsewhere.example", "https:///elsewhere.example"),
        *("https://\x00x", "https://a b/", "https://[/", " https://wandb.ai", "https://x\n"),
        *("/relative", "relative", "", None, 3, ["https://wandb.ai"], {}),
    ],
)
def test_nothing_else_may(address: object) -> None:
    assert web_address(address) is None


def test_a_run_has_a_page_where_its_sweep_has_one() -> None:
    assert run_page("https://wandb.ai/e/p/sweeps/s", "a b") == "https://wandb.ai/e/p/runs/a%20b"
    assert run_page("https://wandb.ai/e/p", "r") == ""
