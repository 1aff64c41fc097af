"""Freezes a cell and the variables that it uses, and loads them in a run.

`freeze` runs in the kernel and writes a folder; `thaw` reads it in the fork server; `load_bundle`
reads it into a process with another purpose. The kernel's objects are never changed, and nothing
here starts a process.
"""

from wandb_magic.bundle.entry_function import reject_generator
from wandb_magic.bundle.equality import bundles_equal, values_equal
from wandb_magic.bundle.freeze import CapturedVariable, CaptureSummary, freeze
from wandb_magic.bundle.loaded_bundle import LoadedBundle, load_bundle
from wandb_magic.bundle.manifest import Manifest
from wandb_magic.bundle.missing_names import explain_missing_name
from wandb_magic.bundle.signature import (
    SignedStatement,
    check_command,
    expected_statement,
    open_signed,
    read_signature,
    sign,
    sign_command,
    signed_manifest,
    trust_environment,
)
from wandb_magic.bundle.thaw import Entrypoint, thaw

__all__ = [
    "CaptureSummary",
    "CapturedVariable",
    "Entrypoint",
    "LoadedBundle",
    "Manifest",
    "SignedStatement",
    "bundles_equal",
    "check_command",
    "expected_statement",
    "explain_missing_name",
    "freeze",
    "load_bundle",
    "open_signed",
    "read_signature",
    "reject_generator",
    "sign",
    "sign_command",
    "signed_manifest",
    "thaw",
    "trust_environment",
    "values_equal",
]
