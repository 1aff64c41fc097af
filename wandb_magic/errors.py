"""What can go wrong, as one tree, so that a caller can catch as much or as little as it wants.

::

    SweepError                 everything that this package raises on purpose
    ├── SpecError              the sweep config is wrong: where, why, what to do
    ├── BundleError            the cell cannot be handed over: which variable, what to do
    ├── SweepNotFoundError     no sweep or run, or more than one, goes by that name
    ├── SweepStateError        the sweep cannot do that now
    │   └── UntrustedError     what would be executed was not written by this user
    ├── RemoteError            the W&B server cannot be asked, or says no
    ├── StoreError             the store cannot be read or written
    └── UnsupportedError       this system or version cannot do that

A message is one sentence a user can act on; the front ends show it without a traceback.
"""

from __future__ import annotations


class SweepError(Exception):
    """Base of every error that this package raises on purpose."""


class SpecError(SweepError, ValueError):
    """The sweep config is wrong.

    Parameters
    ----------
    problems
        One sentence each: the place (``parameters.lr``), what is wrong, what to do.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class BundleError(SweepError):
    """The cell or function, or a variable that it uses, cannot be handed over."""


class SweepNotFoundError(SweepError, LookupError):
    """No sweep or run, or more than one, goes by the given id, prefix or name."""


class SweepStateError(SweepError):
    """The sweep is in a state in which the request makes no sense."""


class UntrustedError(SweepStateError):
    """What would be executed was not written by this user, or others can change it."""


class RemoteError(SweepError):
    """The W&B server cannot be asked, or says no.

    Parameters
    ----------
    message
        What is wrong, and what to do.
    lasting
        Whether it will be the same if asked again: a rejected key, and not an outage.
    """

    def __init__(self, message: str, *, lasting: bool = True) -> None:
        super().__init__(message)
        self.lasting = lasting


class StoreError(SweepError):
    """The sweep's store cannot be read or written.

    Parameters
    ----------
    message
        What is wrong, and what to do.
    lasting
        Whether it will be the same if tried again: a damaged file, and not a full disk.
    disk
        Whether the disk cannot be written at present: it is full, say.
    """

    def __init__(self, message: str, *, lasting: bool = False, disk: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting
        self.disk = disk


class UnsupportedError(SweepError):
    """This operating system or an installed version cannot do what was asked."""
