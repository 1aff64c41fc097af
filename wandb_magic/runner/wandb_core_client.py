"""Connects a run to the wandb-core that the runs of a runner share.

The shared core differs from a private one in ways that a run must not notice. It is not a child of
the run, so its working directory differs: relative paths are made absolute before they are sent to
it. It serves the run's process alone: a child of the run gets what plain wandb would give it, a
core of its own, or that of the run once the run itself has called wandb. This is the only module
that knows where wandb looks for a core and how requests are sent to it.
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

SERVICE = "WANDB_SERVICE"

# The fields with a path that wandb-core opens, by message. Paths inside of something (an artifact,
# a run's files) are relative to that, and remain unchanged.
PATH_FIELDS = {
    "Settings": (
        "root_dir",
        "wandb_dir",
        "sync_dir",
        "sync_file",
        "files_dir",
        "log_dir",
        "log_internal",
        "log_user",
        "tmp_dir",
        "_tmp_code_dir",
        "code_dir",
        "config_paths",
        "credentials_file",
        "identity_token_file",
        "launch_config_path",
        "sweep_param_path",
        "sync_symlink_latest",
        "log_symlink_internal",
        "log_symlink_user",
        "resume_fname",
        "settings_system",
        "settings_workspace",
        "x_stats_disk_paths",
        "x_stats_neuron_monitor_config_path",
    ),
    "TBRecord": ("log_dir", "root_dir", "save_path"),
    "ArtifactManifestEntry": ("local_path",),
    "ArtifactManifest": ("manifest_file_path",),
    "LogArtifactRequest": ("staging_dir",),
    "DownloadArtifactRequest": ("download_root",),
    "DownloadFileRequest": ("path",),
    "UploadFileRequest": ("path",),
    "DownloadRunHistoryInit": ("download_dir",),
    "ServerInitSyncRequest": ("path", "cwd"),
}
# What is not a path relative to this directory: s3://…, gs://…, ~/…
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|~")


def use_shared_core(token: str, on_request: Callable[[], None] | None = None) -> None:
    """Make wandb in this process use the shared core; its later children do not.

    Parameters
    ----------
    token
        The core's address, as ``wandb beta core start`` prints it.
    on_request
        Called before each message of this process to the core, in any thread.
    """
    if "wandb" not in sys.modules:
        return  # code that imports it later starts a core of its own
    try:
        tokens: Any = importlib.import_module("wandb.sdk.lib.service.service_token")
        client: Any = importlib.import_module("wandb.sdk.lib.service.service_client").ServiceClient
        settings: Any = importlib.import_module("wandb.sdk.wandb_settings").Settings
        find, publish, deliver = tokens.from_env, client.publish, client.deliver
        to_proto = settings.to_proto
    except (ImportError, AttributeError):  # another version of wandb: it also starts its own core
        return
    owner = os.getpid()

    @functools.wraps(find)
    def from_env() -> object:
        if SERVICE not in os.environ and os.getpid() == owner:
            # As wandb does for a core that it has started itself.
            os.environ[SERVICE] = token
        return find()

    tokens.from_env = from_env
    client.publish = _send_absolute(publish, on_request)
    client.deliver = _send_absolute(deliver)
    settings.to_proto = _with_fixed_run_dir(to_proto)


def _send_absolute(
    send: Callable[[Any, Any], Any], on_request: Callable[[], None] | None = None
) -> Callable[[Any, Any], Any]:
    """Return wandb's client method `send`, extended to make relative paths absolute."""

    @functools.wraps(send)
    def send_with_absolute_paths(client: object, request: Any) -> Any:  # noqa: ANN401 - wandb's own types
        if on_request is not None:
            on_request()
        make_absolute(request)
        return send(client, request)

    return send_with_absolute_paths


def make_absolute(message: Any) -> None:  # noqa: ANN401 - any protobuf message
    """Make the paths in a message to wandb-core absolute, from this process's directory."""
    names = PATH_FIELDS.get(message.DESCRIPTOR.name, ())
    for field, value in message.ListFields():
        if field.name in names:
            _make_field_absolute(message, field.name, value)
        elif field.message_type is not None and _leads_to_paths(field.message_type):
            for part in _parts(value):
                make_absolute(part)


def _make_field_absolute(message: Any, name: str, value: Any) -> None:  # noqa: ANN401 - as above
    if isinstance(value, str):
        setattr(message, name, _to_absolute(value))
    elif hasattr(value, "DESCRIPTOR"):  # a setting: a string, or a list of strings
        if isinstance(value.value, str):
            value.value = _to_absolute(value.value)
        else:
            value.value[:] = [_to_absolute(path) for path in value.value]
    else:
        value[:] = [_to_absolute(path) for path in value]


def _to_absolute(path: str) -> str:
    if not path or _REMOTE.match(path):
        return path
    return os.path.abspath(path)  # noqa: PTH100 - do not resolve links


def _parts(value: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    if hasattr(value, "DESCRIPTOR"):
        yield value
    elif hasattr(value, "values"):  # a map
        yield from value.values()
    else:
        yield from value


@functools.cache
def _leads_to_paths(descriptor: Any, above: frozenset[str] = frozenset()) -> bool:  # noqa: ANN401 - as above
    """Return whether a message of this kind may contain a path, at any depth."""
    if descriptor.name in PATH_FIELDS:
        return True
    above |= {descriptor.full_name}
    return any(
        field.message_type is not None
        and field.message_type.full_name not in above
        and _leads_to_paths(field.message_type, above)
        for field in descriptor.fields
    )


def _with_fixed_run_dir(to_message: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return `Settings.to_proto`, extended to keep ``run.dir`` absolute.

    Otherwise, wandb's own files would go elsewhere once the run changed its directory.
    """

    @functools.wraps(to_message)
    def to_proto(self: Any) -> Any:  # noqa: ANN401 - wandb's own types
        for name in ("root_dir", "x_files_dir"):
            if path := getattr(self, name, None):
                setattr(self, name, _to_absolute(path))
        return to_message(self)

    return to_proto
