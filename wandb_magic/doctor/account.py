"""Whether W&B would find a key, what mode sweeps take here and why, and how the server answers.

The mode is decided by what decides it when a sweep starts. The key is given to the server alone:
only where it was found is told.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from wandb_magic.bundle.manifest import inherited
from wandb_magic.doctor.findings import Finding, note, ok, problem
from wandb_magic.doctor.place import Place
from wandb_magic.errors import RemoteError
from wandb_magic.remote import Account, Client, account, login_is_likely
from wandb_magic.verbs.mode import decide

MODE, ENTITY = "WANDB_MODE", "WANDB_ENTITY"
PATIENCE_S = 6.0


def findings(place: Place) -> Iterator[Finding]:
    """Yield the mode, then where the key is from, then what the server says to it."""
    environment = asking(place.environment)
    try:
        who, why = decide("auto", environment)
        online = who is not None
        if who is None and login_is_likely(environment):
            who = account(environment)
    except RemoteError as error:
        yield problem(_clause(error), _remedy(place, error))
        return
    yield ok(f"sweeps are {why or f'online, because {MODE} is online'}")
    if who is None or not who.key:
        yield ok("no API key is found; none is needed offline (wandb login brings one)")
        return
    yield ok(f"an API key is found: {who.source}")
    bad = problem if online else note
    try:
        own = _entity(who)
    except RemoteError as error:
        yield bad(_clause(error), _remedy(place, error))
        return
    yield ok(f"W&B at {who.base_url} answers, and takes the key")
    try:
        yield ok(f"sweeps go to the entity {_entity(who, who.entity) if who.entity else own}")
    except RemoteError as error:
        yield bad(_clause(error), place.put(ENTITY, own))


def asking(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which a sweep that starts here would ask wandb."""
    mode = {MODE: environment[MODE]} if MODE in environment else {}
    return {**inherited(environment), **mode}


def _entity(who: Account, wanted: str = "") -> str:
    """Ask the server who this is; it has a few seconds, where a sweep would wait longer."""
    told: list[str] = []
    errors: list[RemoteError] = []

    def ask() -> None:
        client = Client(who.base_url, who.key, who.source)
        try:
            told.append(client.entity(wanted))
        except RemoteError as error:
            errors.append(error)
        finally:
            client.close()

    thread = threading.Thread(target=ask, name="doctor: W&B", daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    if errors:
        raise errors[0]
    if not told:
        raise RemoteError(
            f"W&B at {who.base_url} does not answer within {PATIENCE_S:.0f} seconds", lasting=False
        )
    return told[0]


def _clause(error: RemoteError) -> str:
    return " ".join(str(error).split()).removesuffix(".")


def _remedy(place: Place, error: RemoteError) -> str:
    offline = place.put(MODE, "offline")
    if not error.lasting:
        return offline
    login = "import wandb; wandb.login(relogin=True)"  # a command could not ask in a notebook
    return f"{login if place.shell else 'wandb login --relogin'}\n# or do without W&B: {offline}"
