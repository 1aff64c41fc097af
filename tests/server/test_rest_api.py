"""docs/rest-api.yml says what the server does: routes, verbs, arguments and schemas, both ways."""

import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from tests.server.conftest import Api, Written, losses, summed
from wandb_magic.log_records import FilesRecord, HistoryRecord
from wandb_magic.resources import Gpu, GpuShare, Host, Resources
from wandb_magic.server import schemas
from wandb_magic.server.handlers import ROUTES

ROOT = Path(__file__).parents[2]
VERBS = ("get", "post", "put", "patch", "delete", "head", "options")


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    text = (ROOT / "docs" / "rest-api.yml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def pattern(path: str) -> str:
    """Return the route that a path of the description stands for."""
    route = path.removeprefix("/").replace("{path}", "(.+)")
    return re.sub(r"\{\w+\}", "([^/]+)", route)


def test_it_is_openapi(described: dict[str, Any]) -> None:
    validate(described)


def test_it_has_every_route_and_verb_and_no_other(described: dict[str, Any]) -> None:
    told = {
        (pattern(path), verb)
        for path, operations in described["paths"].items()
        for verb in operations
    }
    there = {
        (route, verb)
        for route, handler in ROUTES.items()
        for verb in VERBS
        if verb in vars(handler)
    }
    assert told == there


def test_its_schemas_are_the_wire_types() -> None:
    module = runpy.run_path(str(ROOT / "scripts" / "schemas.py"))
    made = module["written"](schemas)
    assert "SweepSummary:" in made
    assert (ROOT / "docs" / "rest-api.yml").read_text("utf-8") == made, "run scripts/wire"


def test_its_arguments_are_those_that_handlers_read(described: dict[str, Any]) -> None:
    source = (ROOT / "wandb_magic" / "server" / "handlers.py").read_text("utf-8")
    read = set(
        re.findall(
            r'self\.(?:int_argument|choice_argument|get_query_arguments?)\(\s*"(\w+)"', source
        )
    )
    told = {
        parameter["name"]
        for operations in described["paths"].values()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
        if parameter.get("in") == "query"
    }
    assert told == read


async def test_real_answers_are_as_described(
    api: Api, sweep: Written, described: dict[str, Any]
) -> None:
    media = {"image": {"_type": "image-file", "path": "a.png"}}
    run = sweep.run(
        HistoryRecord(0, 1000.0, {}, media), FilesRecord(("a.txt",)), *losses(1.0, 2.0)
    )
    sweep.log(run, summed(loss=2.0))
    sweep.saved(run, {"a.txt": b"a"})
    sweep.output(run, b"line\n")
    sweep.end(run, value=2.0)
    gpu = Gpu("GPU-0", "0", "A100", None, (GpuShare("sweep000", "", 1.0, 0),))
    sweep.writer.set_resources(Resources((Host("node", runs=(run,), gpus=(gpu,)),)))
    sweep.writer.commit()
    query = {"key": "loss", "run": run, "text": "line"}
    checked = 0
    for path, operations in described["paths"].items():
        answers = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        if "application/json" in answers:
            url = path[1:].replace("{sweep}", "sweep000").replace("{run}", run)
            names = {each.get("name") for each in operations["get"].get("parameters", ())}
            given = {name: value for name, value in query.items() if name in names}
            found = await api.get(url, **given)
            check(described, answers["application/json"]["schema"], found)
            checked += 1
    assert checked == 13
    page = await api.connect()
    topics = {
        "a": {"topic": "sweeps"},
        "b": {"topic": "runs", "sweep": "sweep000", "mark": "0-0"},
        "c": {"topic": "run", "sweep": "sweep000", "run": run},
        "d": {"topic": "log", "sweep": "sweep000", "run": run},
        "e": {"topic": "nothing"},
        "f": {"topic": "resources", "sweep": "sweep000"},
    }
    await page.open(**topics)
    for name in topics:
        await page.message(name)
    for frame in page.frames:
        check(described, {"$ref": "#/components/schemas/Frame"}, frame)
    with pytest.raises(AssertionError):
        check(described, {"$ref": "#/components/schemas/Frame"}, {"seq": "1", "messages": []})


def check(described: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    whole = {**schema, "components": described["components"]}
    errors = [error.message for error in Draft202012Validator(whole).iter_errors(value)]
    assert not errors, (errors, json.dumps(value)[:500])
