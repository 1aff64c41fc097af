"""The Jupyter server extension: sweeps over REST, and one WebSocket for each client.

It reads stores, and sends requests through the public API; it never unpickles, and never writes a
store itself.
"""
