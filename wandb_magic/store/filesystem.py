"""Detects whether a folder is on a network file system, where SQLite's write-ahead log fails.

The log needs memory shared by all processes, which such file systems do not provide. This module
only detects; the caller chooses where the store goes instead.
"""

from __future__ import annotations

from pathlib import Path

# Whether a user-space file system supports shared memory cannot be determined from outside.
_NETWORK_PREFIXES = ("nfs", "cifs", "smb", "fuse.", "macfuse", "osxfuse")
_NETWORK = frozenset(
    {
        "9p", "acfs", "afpfs", "afs", "beegfs", "ceph", "coda", "fhgfs", "gfs", "gfs2",
        "glusterfs", "gpfs", "grpcfuse", "lustre", "mmfs", "ncpfs", "ocfs2", "orangefs", "osxfs",
        "panfs", "pvfs2", "virtiofs", "webdav", "wekafs",
    }
)  # fmt: skip


def network_file_system(folder: Path) -> str | None:
    """Return the type of the network file system on which `folder` lies; None if it is local.

    Parameters
    ----------
    folder
        The folder, which need not exist yet.
    """
    kind = file_system(folder)
    return kind if kind in _NETWORK or kind.startswith(_NETWORK_PREFIXES) else None


def file_system(folder: Path) -> str:
    """Return the type of the file system on which `folder` lies; empty if unknown."""
    import psutil  # noqa: PLC0415 - needed once per sweep, never by readers

    mounts = ((part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True))
    return _innermost(folder.resolve(), [(Path(mount), kind) for mount, kind in mounts])


def _innermost(folder: Path, mounts: list[tuple[Path, str]]) -> str:
    """Return the type of the deepest mount above `folder`; of equal ones, the last one counts."""
    depth, kind = -1, ""
    for mount, mount_type in mounts:
        if len(mount.parts) >= depth and folder.is_relative_to(mount):
            depth, kind = len(mount.parts), mount_type
    return kind.lower()
