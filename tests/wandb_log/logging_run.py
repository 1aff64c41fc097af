"""A run that logs everything that can be logged; a test starts it with any interpreter."""

import contextlib
import os
import sys
from pathlib import Path

import wandb

run = wandb.init(
    mode="offline",
    project="project",
    name="name",
    group="group",
    job_type="job",
    tags=["a", "b"],
    notes="notes",
    config={"lr": 0.1, "nested": {"a": 1, "b": [1, 2]}},
)
run.define_metric("epoch")
run.define_metric("val/*", step_metric="epoch")
run.define_metric("loss", summary="min")
for step in range(5):
    run.log({"loss": 1 / (step + 1), "val/x": step, "epoch": step, "deep": {"b": {"c": step}}})
run.log({"nan": float("nan"), "inf": float("inf"), "flag": True, "text": "words"})
run.log({"table": wandb.Table(columns=["a"], data=[[1]])})
run.log({"histogram": wandb.Histogram(np_histogram=([1, 2], [0, 1, 2]))})
run.log({"html": wandb.Html("<b>x</b>")})
with contextlib.suppress(ImportError):
    import PIL.Image

    run.log({"image": wandb.Image(PIL.Image.new("RGB", (4, 4)), caption="caption")})
run.log({"big": "x" * 200_000})
run.log({"jump": 1}, step=50)
run.log({"jump": 2}, step=50)
run.summary["kept"] = 1.5
run.summary["gone"] = 1.5
run.summary["tree"] = {"a": 1, "b": {"c": 2}}
run.summary["tree"]["a"] = 7
del run.summary["gone"]
run.config.update({"later": {"x": 5}})
Path("saved.txt").write_text("saved", encoding="utf-8")
run.save("saved.txt")
artifact = wandb.Artifact("model", type="weights", metadata={"epoch": 1})
artifact.add_file("saved.txt")
run.log_artifact(artifact, aliases=["best"])
run.tags += ("c",)
if "wait" in sys.argv:
    sys.stdout.write("logged\n")
    sys.stdout.flush()
    sys.stdin.readline()
    os.abort()
for step in range(10_000):
    run.log({"long": step})
run.finish(exit_code=3)
