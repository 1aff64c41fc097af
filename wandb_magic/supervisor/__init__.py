"""The supervisor: the detached process that owns one sweep and is the only writer of its store.

``python -m wandb_magic.supervisor FOLDER``, started by `wandb_magic.daemon` in a session of its
own. It may be killed at any moment: all that it needs to continue is in the folder.
"""
