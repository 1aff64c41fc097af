"""Sends an offline sweep to W&B: the real sweep is created, then each run is uploaded into it.

A separate process does it, ``python -m wandb_magic.sync FOLDER``; everything else reads its
progress. It reads the sweep's store and the runs' logs, and changes neither.
"""
