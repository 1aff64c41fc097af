"""Reads the address and the certificates of a Dask client or cluster that the user holds."""

from __future__ import annotations

from typing import Any

from wandb_magic.arguments import ArgumentError, brief

_CERTIFICATES = {
    "tls_ca_file": "DASK_DISTRIBUTED__COMM__TLS__CA_FILE",
    "tls_client_key": "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY",
    "tls_client_cert": "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT",
}


def client_target(client: Any) -> tuple[str, dict[str, str]]:  # noqa: ANN401 - of distributed, an extra
    """Return the address of a scheduler, and the variables that hold its certificates.

    Parameters
    ----------
    client
        A client, or a cluster.

    Raises
    ------
    ArgumentError
        If other processes cannot reach the scheduler.
    """
    address = getattr(getattr(client, "scheduler", None), "address", None)
    if not isinstance(address, str):
        raise ArgumentError(
            f"launcher: {brief(client)} has no scheduler: pass a distributed.Client that is "
            "connected, or an address"
        )
    if address.startswith("inproc:"):
        raise ArgumentError(
            "launcher: the cluster of this client lives in this process, which the sweep may "
            "outlive: create it with LocalCluster(processes=True), or pass another client"
        )
    security = getattr(client, "security", None)
    certificates = {
        variable: value
        for field, variable in _CERTIFICATES.items()
        if (value := getattr(security, field, None))
    }
    return address, certificates
