"""The TypeScript of the wire types is what `scripts/wire` makes of the Python ones."""

import runpy
from pathlib import Path

from wandb_magic.server import message_schemas, request_body, schemas

ROOT = Path(__file__).parents[2]


def test_the_front_end_has_the_same_types() -> None:
    typescript = runpy.run_path(str(ROOT / "scripts" / "wire.py"))["typescript"]
    made = typescript(schemas, request_body, message_schemas)
    assert "export interface Frame {" in made
    written = (ROOT / "labextension" / "src" / "api" / "schemas.ts").read_text("utf-8")
    assert written == made, "run scripts/wire"
