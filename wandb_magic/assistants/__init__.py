"""Sweeps for coding assistants: few tools with short answers, within limits that the user sets.

`toolbox` has the tools; `mcp_server` offers them through the Model Context Protocol.
"""
