"""Sends an offline sweep to W&B: the real sweep is created, then each run is uploaded into it.

A process of its own does it, ``python -m wandb_magic.sync FOLDER``; everybody else reads how far
it is. It reads the sweep's store and the runs' logs and changes neither.
"""
