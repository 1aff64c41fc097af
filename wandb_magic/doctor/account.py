"""Whether W&B would find a key, what mode sweeps take here and why, and how the server answers.

The mode is decided by what decides it when a sweep starts. The key is given to the server alone:
only where it was found is told.
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
    """Yield the mode, then where the key is from, then what the server says to it."""
    environment = client_environment(env.variables)
    try:
        who, why = resolve_mode("auto", environment)
        online = who is not None
        if who is None and has_credentials(environment):
            who = account(environment)
    except RemoteError as error:
        yield problem(_clause(error), _remedy(env, error))
        return
    yield ok(f"sweeps are {why or f'online, because {MODE} is online'}")
    if who is None or not who.key:
        yield ok("no API key is found; none is needed offline (wandb login brings one)")
        return
    yield ok(f"an API key is found: {who.source}")
    bad = problem if online else note
    try:
        own = _ask_entity(who)
    except RemoteError as error:
        yield bad(_clause(error), _remedy(env, error))
        return
    yield ok(f"W&B at {who.base_url} answers, and takes the key")
    try:
        yield ok(f"sweeps go to the entity {_ask_entity(who, who.entity) if who.entity else own}")
    except RemoteError as error:
        yield bad(_clause(error), env.set_variable(ENTITY, own))


def client_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which a sweep that starts here would ask wandb."""
    mode = {MODE: environment[MODE]} if MODE in environment else {}
    return {**inheritable_environment(environment), **mode}


def _ask_entity(who: Account, entity: str = "") -> str:
    """Ask the server who this is; it has a few seconds, where a sweep would wait longer."""
    entities: list[str] = []
    errors: list[RemoteError] = []

    def ask() -> None:
        client = WandbClient(who.base_url, who.key, who.source)
        try:
            entities.append(client.entity(entity))
        except RemoteError as error:
            errors.append(error)
        finally:
            client.close()

    thread = threading.Thread(target=ask, name="doctor: W&B", daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    if errors:
        raise errors[0]
    if not entities:
        raise RemoteError(
            f"W&B at {who.base_url} does not answer within {TIMEOUT_S:.0f} seconds", lasting=False
        )
    return entities[0]


def _clause(error: RemoteError) -> str:
    return " ".join(str(error).split()).removesuffix(".")


def _remedy(env: Environment, error: RemoteError) -> str:
    offline = env.set_variable(MODE, "offline")
    if not error.lasting:
        return offline
    login = "import wandb; wandb.login(relogin=True)"  # a command could not ask in a notebook
    return f"{login if env.shell else 'wandb login --relogin'}\n# or do without W&B: {offline}"
