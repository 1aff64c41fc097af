"""The post-mortem of a run: the frames of the exception that ended it, with their variables.

The run's own process writes one file when it fails (`recorder`), within a limit of time and size;
a run that does not fail pays nothing. Reading that file (`failure`) executes nothing until a
variable is asked for, and then only if this user's own run has written it.
"""
