"""The words of the magics and of the command line: what can be typed, and what it does.

One parser and one set of deeds serve both, so that they cannot drift apart. Nothing here knows
IPython or a terminal: what is to be shown is returned.
"""
