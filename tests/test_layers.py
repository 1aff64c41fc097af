"""The layer table of docs/structure.md, held against the imports in the code."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "wandb_magic"

# Each row may import itself and the rows above it.
LAYERS = [
    {
        *("errors", "records", "log_records", "nonfinite", "paths", "processes", "arguments"),
        *("requests", "alert_rules", "safe_open", "file_lock", "disk", "child_process", "version"),
        *("durations", "sweep_limits", "resources"),
    },
    {"spec", "bundle", "store", "wandb_log", "daemon", "registry"},
    {"query"},
    {"search"},
    {"analysis"},
    {"postmortem"},
    {"wandb_client"},
    {"slots"},
    {"runner"},
    {"launchers"},
    {"supervisor"},
    {"sync"},
    {"reproduce"},
    {"api"},
    {"display"},
    {"alerts"},
    {"doctor"},
    {"commands"},
    {"assistants"},
    {"magics", "cli", "server", "wandb_compat", "testing"},
]
# A library, and the only modules that may import it.
ONLY = {
    "cloudpickle": {"bundle"},
    "google": {"wandb_log"},
    "pynvml": {"slots"},
    "sqlite3": {"store"},
    "dask": {"launchers"},
    "dask_jobqueue": {"launchers"},
    "distributed": {"launchers"},
    "IPython": {"magics", "display", "analysis"},
    "tornado": {"server"},
    "mcp": {"assistants"},
    "rich": {"cli"},
    "wandb": {"runner", "wandb_client", "wandb_compat", "testing"},
    "optuna": {"search", "analysis"},
    "plotly": {"analysis"},
    "matplotlib": {"analysis"},
}
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}


def name_of(path: Path) -> str:
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


def import_graph() -> dict[str, set[str]]:
    """Return which modules each module imports: anywhere in it, for types only included."""
    names = {name_of(path): path for path in PACKAGE.rglob("*.py")}
    graph: dict[str, set[str]] = {}
    for name, path in names.items():
        edges = graph[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                edges |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                members = {f"{node.module}.{alias.name}" for alias in node.names}
                edges |= {member if member in names else str(node.module) for member in members}
        edges &= names.keys() - {name}
    return graph


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(import_graph()).prepare()
    except CycleError as error:
        pytest.fail(f"these import each other: {' -> '.join(error.args[1])}")


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def top(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module is not None
            yield node.module
            if node.module == "wandb_magic":
                yield from (f"wandb_magic.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_its_own_layer_and_the_ones_below(path: Path) -> None:
    own = top(path)
    assert own in RANK, f"{own} has no place in the layer table"
    for name in imports(path):
        root, _, rest = name.partition(".")
        if root == "wandb_magic" and rest:
            other = rest.split(".")[0]
            assert (
                RANK[other] < RANK[own]
                or other == own
                or (RANK[other] == RANK[own] and own in LAYERS[0])
            ), f"{path.name} imports {name}"
        assert own in ONLY.get(root, {own}), f"{path.name} imports {name}"
