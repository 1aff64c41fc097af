"""Maps names in the pickles of older bundles to current names.

A pickle names the module and the function that rebuild a value, so a rename would make earlier
bundles unreadable. When you rename a module that pickles name, add a row here. An exported run
includes this file unchanged, so it imports nothing.
"""

RENAMED = {
    # the functions that rebuild values
    "wandb_magic.bundle.rebuilding": "wandb_magic.bundle.unpickler",
    "wandb_magic.bundle.rebuilding_types": "wandb_magic.bundle.type_reconstructors",
    # what user code may have imported from here: the package itself exports all of it
    "wandb_magic.api._agent": "wandb_magic",
    "wandb_magic.verbs.attaching": "wandb_magic",
    "wandb_magic.verbs.creating": "wandb_magic",
    "wandb_magic.verbs.dropin": "wandb_magic",
    "wandb_magic.verbs.fetching": "wandb_magic",
    "wandb_magic.verbs.finding": "wandb_magic",
    "wandb_magic.verbs.handle": "wandb_magic",
    "wandb_magic.verbs.priors": "wandb_magic",
    "wandb_magic.verbs.starting": "wandb_magic",
    "wandb_magic.verbs.status": "wandb_magic",
}
"""The modules, old to new; their functions and classes keep their names."""
