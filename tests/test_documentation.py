"""The documentation, held against the code: what it names exists, and what exists is named."""

import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from packaging.requirements import Requirement

import wandb_magic
from wandb_magic.commands.parser import (
    VERBS,
    cell_parser,
    command_parser,
    line_parser,
)
from wandb_magic.commands.start_options import CELL_OPTIONS, START_OPTIONS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = [page for page in PAGES if page.name.endswith(".zh-CN.md")]
STRUCTURE = (ROOT / "docs" / "structure.md").read_text(encoding="utf-8")
DEPENDENCIES = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")

LINK = re.compile(r"\]\(([^)\s]+)\)|src(?:set)?=\"([^\"]+)\"")
CODE = re.compile(r"`([^`\n]+)`")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
MACHINE_PATH = re.compile(r"(?<![\w.~/])/(home|root|Users|tmp|work|private|mnt)/\w")
NAME = re.compile(r"\w+")
BLOCK = re.compile(r"(?ms)^```.*?^```$")
HEAD = re.compile(r"(?m)^##+ ")
MAX_PICTURE = 300_000

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def section(text: str, title: str) -> str:
    """Return what stands under a heading of the second level."""
    (found,) = re.findall(rf"(?ms)^## {re.escape(title)}.*?\n(.*?)(?=^## |\Z)", text)
    assert isinstance(found, str)
    return found


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


def without_blocks(text: str) -> str:
    return re.sub(r"(?ms)^```.*?^```$", "", text)


def rows(text: str) -> Iterator[list[str]]:
    """Yield the rows of a page's tables, without their heads."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("| ---"):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]


def named(cell: str) -> list[str]:
    return CODE.findall(cell)


def prose(page: Path) -> str:
    """Return a page, or what a notebook says between its cells."""
    text = page.read_text(encoding="utf-8")
    if page.suffix == ".md":
        return text
    cells = nbformat.reads(text, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for match in LINK.finditer(prose(page)):
        target = match[1] or match[2]
        if target.startswith("https://"):
            continue
        place, _, anchor = target.partition("#")
        file = page.parent / place if place else page
        assert file.exists(), f"{page.name}: {target}"
        assert file.resolve().is_relative_to(ROOT), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(file), f"{page.name}: {target}"


def module_of(code: str) -> tuple[Path, list[str]]:
    """Return the module that a dotted name of ours leads to, and what is left of the name."""
    place, names = ROOT / "wandb_magic", code.split(".")
    while names and (place / names[0]).is_dir():
        place /= names.pop(0)
    if names and (place / f"{names[0]}.py").exists():
        return place / f"{names[0]}.py", names[1:]
    return place / "__init__.py", names


@by_page
def test_paths_and_modules_exist(page: Path) -> None:
    for code in CODE.findall(without_blocks(page.read_text(encoding="utf-8"))):
        if re.match(r"(scripts|tests|docs|notebooks|wandb_magic|benchmarks)/[\w/.]*$", code):
            assert (ROOT / code).exists(), code
        dotted = re.match(r"[a-z_]+(\.(?!log$|db$)\w+)+$", code)
        if dotted and (ROOT / "wandb_magic" / code.split(".")[0]).is_dir():
            file, names = module_of(code)
            text = file.read_text("utf-8")
            assert all(re.search(rf"\b{name}\b", text) for name in names), code


@by_page
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    assert not MACHINE_PATH.search(page.read_text(encoding="utf-8"))


@by_page
def test_blocks_of_python_compile(page: Path) -> None:
    for block in blocks(page.read_text(encoding="utf-8"), "python"):
        compile(TransformerManager().transform_cell(block), page.name, "exec")


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "images").iterdir()), ids=str)
def test_pictures_are_small_and_used(picture: Path) -> None:
    assert picture.stat().st_size < MAX_PICTURE
    assert any(picture.name in page.read_text(encoding="utf-8") for page in PAGES)


@pytest.mark.parametrize("page", CHINESE, ids=lambda page: page.name)
def test_the_chinese_pages_are_as_the_english_ones(page: Path) -> None:
    chinese = page.read_text(encoding="utf-8")
    english = page.with_name(page.name.replace(".zh-CN", "")).read_text(encoding="utf-8")
    assert BLOCK.findall(chinese) == BLOCK.findall(english)
    assert len(HEAD.findall(chinese)) == len(HEAD.findall(english))
    assert sorted(LINK.findall(without_languages(chinese))) == sorted(
        LINK.findall(without_languages(english))
    )


def without_languages(text: str) -> str:
    """Return a page without the parts of its links that differ between languages."""
    return re.sub(r"\(#\w+\)|\.zh-CN|(?m:^.*简体中文.*$)", "", text)


def test_scripts_that_are_named_exist() -> None:
    for page in PAGES:
        for script in re.findall(r"bash (scripts/\w+)", page.read_text(encoding="utf-8")):
            assert (ROOT / script).is_file()


def test_the_reference_is_what_the_code_gives() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "reference.py"))["written"]()
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert text == made, "run scripts/reference"
    for name in (*START_OPTIONS, *CELL_OPTIONS, *wandb_magic.__all__):
        assert re.search(rf"`{name}\b", made), name
    for verb in VERBS:
        assert re.search(rf"\| `{verb}\b", made), verb
    for name in dir(wandb_magic.Sweep):
        assert name.startswith("_") or f"`Sweep.{name}" in made, name


def test_every_environment_variable_is_explained() -> None:
    code = runpy.run_path(str(ROOT / "scripts" / "reference.py"))
    assert code["variables"]() == {*code["READ"], *code["SET"], *code["STALE"], *code["WITHIN"]}


def test_the_readme_names_options_and_verbs_that_exist() -> None:
    told = OPTION.findall(section(README, "In a cell"))
    assert set(told) - {"--help"} < {*START_OPTIONS, *CELL_OPTIONS}
    verbs = {
        verb for _, cell in list(rows(section(README, "In a line")))[1:] for verb in named(cell)
    }
    assert {verb for verb in verbs if not verb.startswith("-")} == VERBS.keys()


def test_lines_of_magics_and_commands_can_be_parsed() -> None:
    lines = {
        line.removeprefix("!").partition(" |")[0]
        for page in PAGES
        for text in [page.read_text(encoding="utf-8")]
        for line in [*CODE.findall(without_blocks(text)), *text.splitlines()]
    }
    parsed = 0
    for line in lines:
        words = line.split()
        if words[:1] == ["%%wandb_sweep"] and words[1:] not in ([], ["CONFIG"], ["--help"]):
            cell_parser({}).parse_intermixed_args(words[1:])
        elif words[:1] == ["%wandb_sweep"] and words[1:2] not in ([], ["VERB"], ["--help"]):
            line_parser().parse_args(words[1:])
        elif words[:1] == ["wandb-magic"] and words[1:] not in ([], ["run"]):
            command_parser().parse_args(words[1:])
        else:
            continue
        parsed += 1
    assert parsed > 5


def test_the_readme_names_every_public_function() -> None:
    text = section(README, "In Python")
    told = {name for code in CODE.findall(without_blocks(text)) for name in NAME.findall(code)}
    assert set(wandb_magic.__all__) - {"Status"} <= told
    for method in re.findall(r"`sweep\.(\w+)", text):
        assert hasattr(wandb_magic.Sweep, method), method


def test_the_picture_of_the_packages_is_whole() -> None:
    _, _, rest = STRUCTURE.partition("<!-- packages -->")
    picture, _, _ = rest.partition("<!-- end of packages -->")
    shown = re.findall(r"^  (\w+)/", picture, re.MULTILINE)
    packages = [path.parent.name for path in (ROOT / "wandb_magic").glob("*/__init__.py")]
    assert sorted(shown) == sorted(packages)


def test_each_behaviour_is_decided_where_the_page_says() -> None:
    modules = [named(cells[-1])[0] for cells in marked("behaviours")]
    assert len(modules) == 12
    for module in modules:
        assert (ROOT / "wandb_magic" / f"{module.replace('.', '/')}.py").is_file(), module


def test_the_layers_are_those_of_the_code() -> None:
    code: dict[str, Any] = runpy.run_path(str(ROOT / "tests" / "test_layers.py"))
    packages = {path.stem for path in (ROOT / "wandb_magic").iterdir()}
    layers = [layer & packages for layer in code["LAYERS"]]
    told = [set(named(cells[0])) for cells in marked("layers")]
    assert told == [layer for layer in layers if layer]
    homes: dict[str, set[str]] = {}
    for path in code["modules"]():
        for name in code["imports"](path):
            library = name.partition(".")[0]
            if library in code["ONLY"]:
                homes.setdefault(library, set()).add(code["top"](path))
    assert {named(cells[0])[0]: set(named(cells[1])) for cells in marked("homes")} == homes


def marked(name: str) -> list[list[str]]:
    """Return the rows between two marks of the page on structure."""
    _, text, _ = re.split(rf"<!-- (?:end of )?{name} -->", STRUCTURE)
    return list(rows(text))[1:]


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    needed = {group: {Requirement(line).name for line in lines} for group, lines in groups.items()}
    told: dict[str, set[str]] = {}
    for cells in list(rows(section(DEPENDENCIES, "Needed to run")))[1:]:
        told.setdefault("", set()).update(named(cells[0]))
    for cells in list(rows(section(DEPENDENCIES, "Extras")))[1:]:
        told.setdefault(named(cells[0])[0], set()).update(named(cells[1]))
    for cells in list(rows(section(DEPENDENCIES, "To develop")))[1:]:
        told.setdefault("dev", set()).update(named(cells[0]))
    assert told == needed


@pytest.mark.slow
def test_the_quickstart_of_the_readme_runs(tmp_path: Path) -> None:
    cells = blocks(section(README, "Quickstart"), "python")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=250, kernel_name="python3", resources=resources).execute()
    (sweep,) = wandb_magic.sweeps()
    assert sweep.status().ended == 20
    assert sweep.state == "finished"
    assert set(sweep.best_config) == {"lr", "momentum"}
