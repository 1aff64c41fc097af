"""Parses and handles the commands of the magics and of the command line.

The magic and the CLI share one parser and one set of handlers, so they stay in sync. Nothing here
depends on IPython or a terminal: handlers return what to show.
"""
