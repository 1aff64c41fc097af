"""What a sweep's folder says becomes a link in a notebook only if it leads to the web."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from wandb_magic.api._log_reader import Tail
from wandb_magic.display import launch_summary, log_note
from wandb_magic.display.card import card

if TYPE_CHECKING:
    from tests.display.conftest import MakeSweep


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "JAVASCRIPT:alert(1)", "\x01javascript:alert(1)"),
        *("java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "//elsewhere.example/x"),
        *(" https://x.example", "https://x.example/ onclick=alert(1)", "https://x\n"),
    ],
)
def test_only_the_web_is_linked(make_sweep: MakeSweep, address: str) -> None:
    sweep = make_sweep(url=f"{address}/sweeps/sweep000")
    assert sweep.url == f"{address}/sweeps/sweep000"
    for html in (launch_summary.html(sweep), card(sweep)[0]):
        assert "href" not in html


def test_a_page_of_the_web_is_linked(make_sweep: MakeSweep) -> None:
    address = 'https://wandb.ai/e/p/sweeps/a"b&c'
    html = launch_summary.html(make_sweep(url=address))
    assert re.findall(r'href="([^"]*)"', html) == ["https://wandb.ai/e/p/sweeps/a&quot;b&amp;c"]


def test_a_file_is_linked_as_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    html = log_note.html(tmp_path / "javascript:alert(1)" / 'a"b', Tail(0, 1))
    assert re.findall(r'href="([^"]*)"', html) == ["javascript%3Aalert%281%29/a%22b"]
