"""The detached process that owns one sweep: the only one that decides, and that writes its store.

``python -m wandb_magic.supervisor FOLDER``, started by `wandb_magic.daemon` in a session of its
own. It may be killed at any moment: all that it needs to go on is in the folder.
"""
