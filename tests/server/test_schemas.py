"""The TypeScript of the wire types is what `scripts/wire` makes of the Python ones."""

import runpy
from pathlib import Path

from wandb_magic.server import schemas

ROOT = Path(__file__).parents[2]


def test_the_front_end_has_the_same_types() -> None:
    wire = runpy.run_path(str(ROOT / "scripts" / "wire.py"))
    made = wire["typescript"](schemas)
    assert "export interface Frame {" in made
    written = (ROOT / "labextension" / "src" / "api" / "schemas.ts").read_text("utf-8")
    assert written == made, "run scripts/wire"
    written = (ROOT / "labextension" / "src" / "api" / "requests.ts").read_text("utf-8")
    assert written == wire["requests"](), "run scripts/wire"
