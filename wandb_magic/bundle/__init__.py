"""The frozen cell and the variables that it uses.

`freeze` runs in the kernel and writes a folder; `thaw` runs in the process that forks the runs and
reads it; `recall` reads it into a process that is something else. The kernel's objects are never
changed, and nothing here starts a process.
"""

from wandb_magic.bundle.alike import alike, same_code
from wandb_magic.bundle.calling import refuse_generator
from wandb_magic.bundle.freeze import Contents, Item, freeze
from wandb_magic.bundle.manifest import Manifest
from wandb_magic.bundle.missing import explain_missing
from wandb_magic.bundle.recall import Recalled, recall
from wandb_magic.bundle.signing import (
    Statement,
    check_command,
    open_signed,
    sign,
    sign_command,
    signed,
    signed_manifest,
    vouched,
)
from wandb_magic.bundle.thaw import Thawed, thaw

__all__ = [
    "Contents",
    "Item",
    "Manifest",
    "Recalled",
    "Statement",
    "Thawed",
    "alike",
    "check_command",
    "explain_missing",
    "freeze",
    "open_signed",
    "recall",
    "refuse_generator",
    "same_code",
    "sign",
    "sign_command",
    "signed",
    "signed_manifest",
    "thaw",
    "vouched",
]
