"""The list of sweeps: one is found by its id, with its folder or without."""

from pathlib import Path

from wandb_magic import registry
from wandb_magic.records import SweepId
from wandb_magic.registry import SweepLocation


def test_a_sweep_is_found_by_its_id(tmp_path: Path) -> None:
    for name, created in (("here0000", 1.0), ("gone0000", 2.0)):
        registry.add(SweepLocation(SweepId(name), "name", str(tmp_path / name), created))
    (tmp_path / "here0000").mkdir()
    here, gone = registry.find("here0000"), registry.find("gone0000")
    assert here is not None
    assert gone is not None
    assert (here.folder, gone.folder) == (str(tmp_path / "here0000"), str(tmp_path / "gone0000"))
    assert registry.find_available("here0000") == here
    assert registry.find_available("gone0000") is None
    for unknown in ("here", "", "../here0000", "\0"):
        assert registry.find(unknown) is registry.find_available(unknown) is None
