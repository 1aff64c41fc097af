"""A sweep whose one run makes every call of W&B's, and one that uses its artifact.

Started by the tests with any interpreter; it says where the sweeps are.
"""

import argparse
import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import wandb

import wandb_magic

HAS_PILLOW = importlib.util.find_spec("PIL") is not None
HAS_TORCH = importlib.util.find_spec("torch") is not None
HAS_SKLEARN = importlib.util.find_spec("sklearn") is not None
LABELS = {0: "background", 1: "thing"}


def train() -> None:
    folder = Path(os.environ["WANDB_MAGIC_RUN_FOLDER"])
    with wandb.init(
        config={"lr": 100, "nested": {"a": {"b": 1}}, "listed": [1, "two", None]},
        name="a name",
        group="a group",
        job_type="a job",
        tags=["one", "two"],
        notes="some notes",
    ) as run:
        run.config.update(argparse.Namespace(epochs=3, flag=True))
        run.config["single"] = "value"
        wandb.config["module"] = "level"
        run.config.update({"single": "changed"}, allow_val_change=True)
        run.tags += ("three",)
        run.define_metric("epoch")
        run.define_metric("valid/*", step_metric="epoch")
        run.define_metric("least", summary="min")

        for step, least in enumerate([3, 1, 2]):
            run.log({"plain": step, "deep": {"er": step}, "least": least, "loss": run.config.lr})
        wandb.log({"by module": 5})
        run.log({"first half": 1}, commit=False)
        run.log({"second half": 2})
        run.log({"given": 1}, step=100)
        run.log({"past": 1}, step=50)
        run.log({"given": 2}, step=120, commit=False)
        run.log({"epoch": 0, "valid/score": 0.5}, step=120)
        run.log(
            {"nan": float("nan"), "inf": float("inf"), "flag": True, "text": "words"}, step=130
        )

        values = np.arange(100) % 7
        counted = wandb.Histogram(np_histogram=np.histogram(values, bins=7))
        run.log({"counted": counted, "raw": wandb.Histogram(values, num_bins=7)})
        table = wandb.Table(columns=["x", "y", "name"])
        for x in range(3):
            table.add_data(x, x / 2, f"row {x}")
        run.log({"part/table": table, "html": wandb.Html("<b>bold</b>", inject=False)})
        run.log({"points": wandb.Object3D(np.zeros((4, 3)))})
        plots(run, table)
        if HAS_PILLOW:
            images(run)
        if HAS_TORCH:
            watched(run)

        (folder / "deep").mkdir()
        (folder / "deep" / "saved.txt").write_text("saved", encoding="utf-8")
        run.save(folder / "deep" / "saved.txt", base_path=folder)
        for version, aliases in enumerate([["best"], ["newer"]]):
            weights = folder / "weights.bin"
            weights.write_bytes(bytes([version]))
            artifact = wandb.Artifact("net", type="model", metadata={"version": version})
            artifact.add_file(weights, name="weights.bin")
            run.log_artifact(artifact, aliases=aliases)
            run.summary[aliases[0]] = artifact.manifest.entries["weights.bin"].digest
        try:
            run.use_artifact("net:best")
        except TypeError as error:
            run.summary["refused"] = str(error)
        run.summary["set"] = 1
        run.summary.update({"tree": {"leaf": 2}})
        wandb.summary["by module"] = 3
        run.summary["gone"] = 4
        del run.summary["gone"]


def plots(run: wandb.Run, table: wandb.Table) -> None:
    bars = wandb.Table(columns=["name", "height"], data=[["a", 1], ["b", 2]])
    run.log({"plot/line": wandb.plot.line(table, "x", "y", title="a line")})
    run.log({"plot/scatter": wandb.plot.scatter(table, "x", "y", title="points")})
    run.log({"plot/bar": wandb.plot.bar(bars, "name", "height", title="bars")})
    run.log({"plot/histogram": wandb.plot.histogram(table, "y", title="counts")})
    both = wandb.plot.line_series([0, 1], [[1, 2], [3, 4]], keys=["p", "q"], title="two")
    run.log({"plot/series": both})
    truth, likely = [0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]
    matrix = wandb.plot.confusion_matrix(y_true=truth, preds=[0, 1, 0, 0], class_names=["a", "b"])
    run.log({"plot/confusion": matrix})
    if HAS_SKLEARN:
        run.log({"plot/roc": wandb.plot.roc_curve(truth, likely, labels=["a", "b"])})
        run.log({"plot/pr": wandb.plot.pr_curve(truth, likely, labels=["a", "b"])})
    own = wandb.plot_table("somebody/own", table, {"a": "x", "b": "y"}, {"title": "own"})
    run.log({"plot/own": own})


def images(run: wandb.Run) -> None:
    pixels = np.zeros((20, 30), np.uint8)
    pixels[5:10, 5:20] = 255
    mask = (pixels > 0).astype(np.uint8)
    box = {
        "position": {"minX": 5, "maxX": 20, "minY": 5, "maxY": 10},
        "domain": "pixel",
        "class_id": 1,
        "box_caption": "here",
        "scores": {"probability": 0.75},
    }
    marked = wandb.Image(
        pixels,
        caption="a caption",
        masks={"truth": {"mask_data": mask, "class_labels": LABELS}},
        boxes={"found": {"box_data": [box], "class_labels": LABELS}},
    )
    for _ in range(2):
        run.log({"image": marked})
    run.log({"images": [marked, wandb.Image(pixels, caption="plain")]})


def watched(run: wandb.Run) -> None:
    import torch  # noqa: PLC0415 - not every environment has it

    model = torch.nn.Linear(3, 2)
    run.watch(model, log="all", log_freq=1)
    for step in range(2):
        model(torch.ones(4, 3)).sum().backward()
        run.log({"watched": step})
    run.unwatch(model)


def judge() -> None:
    with wandb.init(job_type="judge") as run:
        artifact = wandb.Artifact("verdict", type="report", metadata={"model": run.config.model})
        weights = Path(run.config.weights)
        artifact.add_reference(weights.as_uri(), name="weights.bin")
        run.summary["used"] = artifact.manifest.entries["weights.bin"].digest
        run.log_artifact(artifact)
        run.log({"score": weights.read_bytes()[0]})


def main() -> None:
    metric = {"name": "loss", "goal": "minimize"}
    config = {"method": "grid", "metric": metric, "parameters": {"lr": {"value": 0.5}}}
    made = wandb_magic.start(config, train, mode="offline").wait(150)
    [run] = made.records()
    assert run.state.value == "finished", f"{run.error}\n{made.logs(run.id)}"
    weights = made.path / "runs" / run.id / "kept" / "weights.bin"
    given = {"model": {"value": "net:newer"}, "weights": {"value": str(weights)}}
    config = {"method": "grid", "parameters": given}
    used = wandb_magic.start(config, judge, mode="offline").wait(150)
    print(json.dumps([str(sweep.path) for sweep in (made, used)]))  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
