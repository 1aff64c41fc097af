from pathlib import Path

import pytest

from wandb_magic.store import filesystem, network_file_system

MOUNTS = [
    (Path("/"), "ext4"),
    (Path("/home"), "nfs4"),
    (Path("/home/me/local"), "xfs"),
    (Path("/data"), "ext4"),
    (Path("/data"), "Lustre"),
    (Path("/mnt/s"), "fuse.sshfs"),
]


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/homework/x", "ext4"),
        ("/home/me", "nfs4"),
        ("/home/me/local/x", "xfs"),
        ("/data/x", "lustre"),
        ("/mnt/s/x", "fuse.sshfs"),
    ],
)
def test_the_innermost_mount_decides_and_the_last_covers_others(folder: str, kind: str) -> None:
    assert filesystem._innermost(Path(folder), MOUNTS) == kind


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "smbfs", "fuse.sshfs", "lustre", "9p"])
def test_network_file_systems_are_known(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(filesystem, "file_system", lambda _: kind)
    assert network_file_system(Path("/x")) == kind


@pytest.mark.parametrize("kind", ["ext4", "overlay", "apfs", "fuseblk", "tmpfs", ""])
def test_local_file_systems_are_known(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(filesystem, "file_system", lambda _: kind)
    assert network_file_system(Path("/x")) is None


def test_a_folder_of_this_machine_lies_somewhere(tmp_path: Path) -> None:
    assert filesystem.file_system(tmp_path / "not" / "yet")


def test_kernel_file_systems_are_told_apart() -> None:
    if not Path("/proc/self").exists():
        pytest.skip("only Linux has /proc")
    assert filesystem.file_system(Path("/proc")) == "proc"
