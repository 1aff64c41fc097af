"""How errors answer: one sentence, and the status that says whose turn it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tornado.web import HTTPError, RequestHandler

from wandb_magic.errors import (
    StoreError,
    SweepError,
    SweepNotFoundError,
    SweepStateError,
    UnsupportedError,
)
from wandb_magic.server import schemas
from wandb_magic.store import OrderError


class BadRequestError(SweepError):
    """What was asked makes no sense, whatever the state."""


class NotFoundError(SweepNotFoundError):
    """A run or a file that does not exist (any more)."""


MAX_MESSAGE = 300  # characters of an error that nobody had counted on
STATUS_CODES: tuple[tuple[type[SweepError], int], ...] = (
    (SweepNotFoundError, 404),
    (SweepStateError, 409),
    (UnsupportedError, 409),
    (OrderError, 400),
    (StoreError, 503),
    (SweepError, 400),
)


def describe_unexpected(error: Exception) -> str:
    """Return in a sentence that something failed on which nobody had counted."""
    return (
        f"what the sweep's folder holds cannot be read ({type(error).__name__}: "
        f"{str(error)[:MAX_MESSAGE]}): restore it, or delete the sweep; the server's log says more"
    )


@contextmanager
def http_errors() -> Iterator[None]:
    """Turn errors that are raised on purpose into answers.

    Raises
    ------
    tornado.web.HTTPError
        With the sentence as its reason for people.
    """
    try:
        yield
    except SweepError as error:
        status = next(status for kind, status in STATUS_CODES if isinstance(error, kind))
        raise HTTPError(status, str(error)) from error
    except OSError as error:
        what = error.strerror or str(error)
        raise HTTPError(503, f"{error.filename or 'a file'} cannot be read: {what}") from error


class JsonErrorMixin(RequestHandler):
    """Handlers whose errors are `wire.Problem`; Jupyter's own would add a traceback, or a page."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ANN401 - Tornado's
        """Answer with one sentence."""
        error = kwargs.get("exc_info", (None, None))[1]
        message = f"The server failed: its log says why ({status_code})."
        if isinstance(error, HTTPError):
            # Tornado doubles the percent signs for its log.
            log_message = (error.log_message or "").replace("%%", "%")
            message = log_message or error.reason or str(error)
        self.set_header("Content-Type", "application/json")
        body: schemas.Problem = {"message": message}
        self.finish(json.dumps(body))
