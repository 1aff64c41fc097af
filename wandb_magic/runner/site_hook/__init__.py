"""The folder that child processes of runs have on their ``PYTHONPATH``; see `sitecustomize`."""
