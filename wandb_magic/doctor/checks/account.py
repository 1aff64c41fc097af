"""Checks the API key, the mode that sweeps use and the reason for it, and the connection to W&B.

The mode is resolved by the same code as when a sweep starts. The key is sent only to the server:
the diagnostics report only where it was found.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from wandb_magic.api._mode import resolve_mode
from wandb_magic.bundle.manifest import inheritable_environment
from wandb_magic.doctor.diagnostics import Diagnostic, note, ok, problem
from wandb_magic.doctor.environment import Environment
from wandb_magic.errors import RemoteError
from wandb_magic.wandb_client import Account, WandbClient, account, has_credentials

MODE, ENTITY = "WANDB_MODE", "WANDB_ENTITY"
TIMEOUT_S = 6.0


def check(env: Environment) -> Iterator[Diagnostic]:
    """Yield the mode, then the source of the key, then whether the server accepts it."""
    environment = client_environment(env.variables)
    try:
        wandb_account, reason = resolve_mode("auto", environment)
        online = wandb_account is not None
        if wandb_account is None and has_credentials(environment):
            wandb_account = account(environment)
    except RemoteError as error:
        yield problem(_clause(error), _remedy(env, error))
        return
    yield ok(f"sweeps are {reason or f'online, because {MODE} is online'}")
    if wandb_account is None or not wandb_account.key:
        yield ok("no API key is found; offline sweeps need none (wandb login stores one)")
        return
    yield ok(f"an API key is found: {wandb_account.source}")
    failure = problem if online else note
    try:
        default_entity = _query_entity(wandb_account)
    except RemoteError as error:
        yield failure(_clause(error), _remedy(env, error))
        return
    yield ok(f"W&B at {wandb_account.base_url} answers, and accepts the key")
    try:
        entity = (
            _query_entity(wandb_account, wandb_account.entity)
            if wandb_account.entity
            else default_entity
        )
        yield ok(f"sweeps go to the entity {entity}")
    except RemoteError as error:
        yield failure(_clause(error), env.set_variable(ENTITY, default_entity))


def client_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which a sweep that starts here would use wandb."""
    mode = {MODE: environment[MODE]} if MODE in environment else {}
    return {**inheritable_environment(environment), **mode}


def _query_entity(wandb_account: Account, entity: str = "") -> str:
    """Query the server for the entity, with a shorter timeout than a sweep's."""
    entities: list[str] = []
    errors: list[RemoteError] = []

    def query() -> None:
        client = WandbClient(wandb_account.base_url, wandb_account.key, wandb_account.source)
        try:
            entities.append(client.entity(entity))
        except RemoteError as error:
            errors.append(error)
        finally:
            client.close()

    thread = threading.Thread(target=query, name="doctor: W&B", daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    if errors:
        raise errors[0]
    if not entities:
        raise RemoteError(
            f"W&B at {wandb_account.base_url} does not answer within {TIMEOUT_S:.0f} seconds",
            lasting=False,
        )
    return entities[0]


def _clause(error: RemoteError) -> str:
    return " ".join(str(error).split()).removesuffix(".")


def _remedy(env: Environment, error: RemoteError) -> str:
    offline = env.set_variable(MODE, "offline")
    if not error.lasting:
        return offline
    login = "import wandb; wandb.login(relogin=True)"  # a command could not prompt in a notebook
    return f"{login if env.shell else 'wandb login --relogin'}\n# or do without W&B: {offline}"
