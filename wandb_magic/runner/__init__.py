"""The runner of one machine: the fork server, the runs, their files, and their log readers.

A runner starts and signals runs on request, and reports what happens to them. It makes no
decisions and never opens the store. This module imports nothing, since every fresh run imports
this package.
"""
