"""Sweep files in the forms of public repositories mean here what they mean to W&B.

Each in `public_sweeps.txt` is followed, below an arrow, by what becomes of it: its keys, its
parameters, and the beginning of each notice.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from wandb_magic.spec import Spec, load

TEXT = (Path(__file__).parent / "public_sweeps.txt").read_text("utf-8")
FILES = dict(part.split("\n", 1) for part in TEXT.split("=== ")[1:])


def said(spec: Spec) -> list[str]:
    """Return what a config became, a line for each thing."""
    config = spec.to_dict()
    parameters = config.pop("parameters")
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in config.items()]
    lines += [f"  {name}: {distribution}" for name, distribution in distributions(parameters)]
    return [*lines, *(f"! {notice}" for notice in spec.notices)]


def distributions(parameters: dict[str, Any], path: str = "") -> list[tuple[str, str]]:
    found = []
    for name, entry in parameters.items():
        if "parameters" in entry:
            found += distributions(entry["parameters"], f"{path}{name} / ")
        else:
            numbers = [json.dumps(entry[key], ensure_ascii=False) for key in entry][1:]
            found.append((f"{path}{name}", " ".join([entry["distribution"], *numbers])))
    return found


def test_there_are_a_hundred() -> None:
    assert len(FILES) >= 100


@pytest.mark.parametrize("title", FILES)
def test_a_file_means_what_it_means_to_wandb(title: str, tmp_path: Path) -> None:
    text, expected = FILES[title].split("-->\n")
    path = tmp_path / "sweep.yaml"
    for written in (text, text.replace("\n", "\r\n"), f"\ufeff{text}"):
        path.write_bytes(written.encode())
        found = said(load(path))
        for line, wanted in zip(found, expected.strip("\n").split("\n"), strict=True):
            assert line == wanted or (wanted.startswith("! ") and line.startswith(wanted))
    assert said(load(text)) == found
    again = load(load(path).to_dict())
    assert json.dumps(again.to_dict()) == json.dumps(load(path).to_dict())
