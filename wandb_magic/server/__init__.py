"""The Jupyter server extension: sweeps over REST and one WebSocket a page.

It reads stores and asks through the verbs; it never unpickles, and never writes a store itself.
"""
