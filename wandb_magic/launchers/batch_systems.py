"""Batch systems, and what their users' options mean to `dask_jobqueue`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from wandb_magic.arguments import ArgumentError, brief


@dataclass(frozen=True)
class BatchSystem:
    """A batch system.

    Attributes
    ----------
    name
        What users call it.
    cluster_class
        The class of `dask_jobqueue` for it.
    submit_command
        The program that submits a job.
    options
        Its users' own names of options, and the parameter of the class for each.
    directives
        Options that become a line of the job script, and the form of that line.
    """

    name: str
    cluster_class: str
    submit_command: str
    options: Mapping[str, str]
    directives: Mapping[str, str] = field(default_factory=dict)

    @property
    def option_names(self) -> list[str]:
        """All options that a user may give, sorted."""
        return sorted({*self.options, *self.directives, *_COMMON})


# The same for all of them. What has the same name is a parameter of the class.
_COMMON = {
    "cpus": "job_cpu",
    "mem": "memory",
    "memory": "memory",
    "walltime": "walltime",
    "time": "walltime",
    "queue": "queue",
    "account": "account",
    "interface": "interface",
    "directive": "job_extra_directives",
    "prologue": "job_script_prologue",
    "local_directory": "local_directory",
}
_WALLTIME = re.compile(r"(?:(\d+)-)?(\d+):(\d{1,2})(?::(\d{1,2}))?")
ENDS_BEFORE_S = 120
"""How long before the end of a job's time its run is interrupted, in seconds."""
_LISTS = frozenset({"job_extra_directives", "job_script_prologue"})
_SBATCH = (
    *(
        "clusters",
        "constraint",
        "exclude",
        "exclusive",
        "gpus",
        "gpus-per-node",
        "gres",
        "licenses",
    ),
    *("mail-type", "mail-user", "nice", "nodelist", "partition", "qos", "reservation", "signal"),
)

SYSTEMS = {
    "slurm": BatchSystem(
        "Slurm",
        "SLURMCluster",
        "sbatch",
        {"partition": "queue", "cpus-per-task": "job_cpu"},
        {name: f"--{name}={{}}" for name in _SBATCH if name != "partition"},
    ),
    "pbs": BatchSystem(
        "PBS",
        "PBSCluster",
        "qsub",
        {"resource_spec": "resource_spec"},
        {"l": "-l {}", "q": "-q {}"},
    ),
    "lsf": BatchSystem("LSF", "LSFCluster", "bsub", {"ncpus": "ncpus"}, {"gpu": '-gpu "{}"'}),
    "sge": BatchSystem(
        "SGE",
        "SGECluster",
        "qsub",
        {"resource_spec": "resource_spec"},
        {"l": "-l {}", "pe": "-pe {}"},
    ),
    "htcondor": BatchSystem("HTCondor", "HTCondorCluster", "condor_submit", {"disk": "disk"}),
}


def batch_address(name: str, options: Mapping[str, object] | str | None = None) -> str:
    """Return the address of a batch system with the user's options.

    Parameters
    ----------
    name
        A key of `SYSTEMS`.
    options
        A mapping, whose values may be lists; or text such as ``partition=gpu,mem=16G``.

    Raises
    ------
    ArgumentError
        If the text has another form.
    """
    pairs = _parse_options(options) if isinstance(options, str) else _option_pairs(options or {})
    return f"{name}://" + (f"?{urlencode(pairs)}" if pairs else "")


def _parse_options(text: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for part in filter(None, (word.strip() for word in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals and pairs:  # a value with a comma in it, as in gres=gpu:1,shard:2
            pairs[-1] = pairs[-1][0], f"{pairs[-1][1]},{part}"
            continue
        if not name or not equals:
            raise ArgumentError(
                f"launcher_options: {brief(part)} is not an option: write NAME=VALUE, separated "
                "by commas"
            )
        pairs.append((name.strip(), value.strip()))
    return pairs


def _option_pairs(options: Mapping[str, object]) -> list[tuple[str, str]]:
    pairs = []
    for name, value in options.items():
        values = [*value] if isinstance(value, (list, tuple)) else [value]
        pairs += [(str(name), str(each)) for each in values]
    return pairs


def cluster_arguments(address: str) -> tuple[BatchSystem, dict[str, Any]]:
    """Return the batch system of an address, and the arguments of its class in `dask_jobqueue`.

    Raises
    ------
    ArgumentError
        If an option is unknown, or one that is needed is missing.
    """
    parts = urlsplit(address)
    system = SYSTEMS[parts.scheme]
    if parts.netloc or parts.path:
        raise ArgumentError(
            f"launcher: {parts.scheme} has no host: write {parts.scheme}, and launcher_options"
        )
    arguments: dict[str, Any] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        parameter, text = _parameter(system, name, value)
        if parameter in _LISTS:
            arguments.setdefault(parameter, []).append(text)
        else:
            arguments[parameter] = text
    if "memory" not in arguments:
        raise ArgumentError(
            "launcher_options: mem is missing: say how much memory a run needs, as in mem=16G"
        )
    cpus = arguments.pop("job_cpu", "1")
    if not cpus.isdecimal() or not int(cpus):
        raise ArgumentError(f"launcher_options: cpus must be a number of cores, and is {cpus!r}")
    arguments |= {"cores": int(cpus), "processes": 1}
    if system.cluster_class == "SLURMCluster":
        arguments["job_cpu"] = int(cpus)
    arguments["job_script_prologue"] = [
        f"export OMP_NUM_THREADS={cpus}",
        "export DASK_DISTRIBUTED__WORKER__HTTP__ROUTES='[]'",  # they need no authentication
        *arguments.get("job_script_prologue", []),
    ]
    # One run at a time; and runs, not the worker, need the memory.
    arguments["worker_extra_args"] = [
        *("--nthreads", "1", "--memory-limit", "0"),
        *("--no-dashboard", "--dashboard-address", "127.0.0.1:0"),
        *_lifetime(arguments.get("walltime", "")),
    ]
    # A nanny would kill its worker eight seconds after the batch system has told it to end.
    arguments["nanny"] = False
    return system, arguments


def _lifetime(walltime: str) -> tuple[str, ...]:
    """Return the arguments that make a worker end in order before its job's time is over."""
    match = _WALLTIME.fullmatch(walltime)
    if match is None:
        return ()
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return ("--lifetime", f"{total - ENDS_BEFORE_S}s") if total > 5 * ENDS_BEFORE_S else ()


def _parameter(system: BatchSystem, name: str, value: str) -> tuple[str, str]:
    """Return the parameter of the class for an option of the user's, and its value."""
    if name in system.directives:
        return "job_extra_directives", system.directives[name].format(value)
    parameter = system.options.get(name) or _COMMON.get(name)
    if parameter is None:
        raise ArgumentError(
            f"launcher_options: {system.name} has no option {brief(name)} here: use one of "
            f"{', '.join(system.option_names)}; directive=… adds any line to the job script"
        )
    return parameter, value
