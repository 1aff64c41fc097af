"""Displays a sweep: as a line of text, as HTML, and live under a cell.

Nothing here starts a thread or blocks, and only `live_view` imports IPython.
"""
