"""How a sweep is shown: as a line of text, as HTML, and live under a cell.

Nothing here starts a thread or blocks, and only `view` knows IPython.
"""
