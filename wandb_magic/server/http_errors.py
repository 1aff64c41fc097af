"""Converts errors to HTTP answers: one sentence, and a status code."""

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
    """The request is invalid, whatever the state of the sweep."""


class NotFoundError(SweepNotFoundError):
    """A run or file that does not exist, or no longer exists."""


MAX_MESSAGE = 300  # characters of an unexpected error
STATUS_CODES: tuple[tuple[type[SweepError], int], ...] = (
    (SweepNotFoundError, 404),
    (SweepStateError, 409),
    (UnsupportedError, 409),
    (OrderError, 400),
    (StoreError, 503),
    (SweepError, 400),
)


def describe_unexpected(error: Exception) -> str:
    """Return one sentence about an unexpected error in reading a sweep."""
    return (
        f"the sweep's folder cannot be read ({type(error).__name__}: "
        f"{str(error)[:MAX_MESSAGE]}): restore it, or delete the sweep; see also the server's log"
    )


@contextmanager
def http_errors() -> Iterator[None]:
    """Convert expected errors to HTTP errors.

    Raises
    ------
    tornado.web.HTTPError
        With the error's sentence as its message.
    """
    try:
        yield
    except SweepError as error:
        status = next(status for kind, status in STATUS_CODES if isinstance(error, kind))
        raise HTTPError(status, str(error)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise HTTPError(503, f"{error.filename or 'a file'} cannot be read: {reason}") from error


class JsonErrorMixin(RequestHandler):
    """Handlers whose errors are `schemas.Problem`; Jupyter's would add a traceback or a page."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:  # noqa: ANN401 - Tornado's
        """Answer with one sentence."""
        error = kwargs.get("exc_info", (None, None))[1]
        message = f"The server failed ({status_code}): see its log."
        if isinstance(error, HTTPError):
            # Tornado doubles the percent signs for its log.
            log_message = (error.log_message or "").replace("%%", "%")
            message = log_message or error.reason or str(error)
        self.set_header("Content-Type", "application/json")
        body: schemas.Problem = {"message": message}
        self.finish(json.dumps(body))
