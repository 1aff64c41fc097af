"""The exceptions of this package, as one tree, so that callers can catch as many as they want.

::

    SweepError                 every error that this package raises intentionally
    ├── SpecError              the sweep config is invalid: where, why, what to do
    ├── QueryError             a query that selects runs is invalid: at which column, and why
    ├── BundleError            the cell cannot be captured: which variable, what to do
    ├── SweepNotFoundError     no sweep or run, or more than one, has that name
    ├── SweepStateError        the sweep's state does not allow it
    │   └── UntrustedError     what would be executed was not written by this user
    ├── RemoteError            the W&B server cannot be reached, or refuses
    ├── StoreError             the store cannot be read or written
    └── UnsupportedError       this system or version does not support it

A message is one sentence a user can act on; the front ends show it without a traceback.
"""

from __future__ import annotations


class SweepError(Exception):
    """Base of every error that this package raises intentionally."""


class SpecError(SweepError, ValueError):
    """The sweep config is invalid.

    Parameters
    ----------
    problems
        One sentence each: where (``parameters.lr``), what is wrong, what to do.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class QueryError(SweepError, ValueError):
    """A query that selects runs is invalid.

    Parameters
    ----------
    reason
        What is wrong, and what was expected.
    column
        Where, counted in characters from 1.
    """

    def __init__(self, reason: str, column: int) -> None:
        super().__init__(f"column {column}: {reason}")
        self.column = column


class BundleError(SweepError):
    """The cell or function, or a variable that it uses, cannot be captured."""


class SweepNotFoundError(SweepError, LookupError):
    """No sweep or run, or more than one, has the given id, prefix or name."""


class SweepStateError(SweepError):
    """The sweep is in a state that does not allow the request."""


class UntrustedError(SweepStateError):
    """What would be executed was not written by this user, or others can change it."""


class RemoteError(SweepError):
    """The W&B server cannot be reached, or refuses.

    Parameters
    ----------
    message
        What is wrong, and what to do.
    lasting
        Whether trying again is pointless: true for a rejected key, false for an outage.
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
        Whether trying again is pointless: true for a damaged file, false for a full disk.
    disk
        Whether the disk cannot be written at present, for example because it is full.
    """

    def __init__(self, message: str, *, lasting: bool = False, disk: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting
        self.disk = disk


class UnsupportedError(SweepError):
    """This operating system or an installed version does not support the request."""
