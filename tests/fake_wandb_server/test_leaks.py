"""The search for secrets finds them."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from fake_wandb_server.leaks import leaks
from fake_wandb_server.site import KEY

SAYS = f"the key is {KEY}!"


@pytest.mark.parametrize(
    "content",
    [
        SAYS.encode(),
        SAYS.encode("utf-16"),
        KEY.encode().hex().encode(),
        *(base64.b64encode(f"{'a' * before}:{KEY}+".encode()) for before in range(3)),
    ],
)
def test_it_finds_a_key_in_every_form(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "folder").mkdir()
    file = tmp_path / "folder" / "file"
    file.write_bytes(b"\0" * 1000 + content)
    (tmp_path / "other").write_text(KEY[:-1])
    assert leaks(KEY, tmp_path) == [file]


def test_it_looks_into_names_links_and_archives(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(KEY)
    (tmp_path / f"log-{KEY}.txt").touch()
    (tmp_path / "file.gz").write_bytes(gzip.compress(SAYS.encode()))
    assert len(leaks(KEY, tmp_path)) == 3
