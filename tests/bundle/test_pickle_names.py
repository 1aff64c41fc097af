"""What the pickles of earlier bundles name is found where it is now."""

import importlib.util
import mmap

import pytest

import wandb_magic
from wandb_magic.bundle import type_reconstructors, unpickler
from wandb_magic.bundle.pickle_names import RENAMED


@pytest.mark.parametrize(
    ("module", "name", "found"),
    [
        ("wandb_magic.api._agent", "agent", wandb_magic.agent),
        ("wandb_magic.verbs.dropin", "agent", wandb_magic.agent),
        ("wandb_magic.verbs.handle", "Sweep", wandb_magic.Sweep),
        ("wandb_magic.bundle.rebuilding", "cached_function", unpickler.cached_function),
        ("wandb_magic.bundle.rebuilding_types", "bare_class", type_reconstructors.bare_class),
    ],
)
def test_an_earlier_name_leads_to_what_it_named(module: str, name: str, found: object) -> None:
    with mmap.mmap(-1, 1) as stream:
        assert unpickler.Unpickler(stream, []).find_class(module, name) is found


@pytest.mark.parametrize("module", RENAMED.values())
def test_what_was_renamed_is_there(module: str) -> None:
    assert importlib.util.find_spec(module) is not None


@pytest.mark.parametrize("module", RENAMED)
def test_no_module_has_an_earlier_name(module: str) -> None:
    package = module.rpartition(".")[0]
    if importlib.util.find_spec(package) is not None:
        assert importlib.util.find_spec(module) is None
