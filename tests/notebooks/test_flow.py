"""Flow matching: solvers, training with W&B and without, resuming, and scores."""

import hashlib
import itertools
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import wandb

torch = pytest.importorskip("torch")
pytest.importorskip("torchdiffeq")
pytest.importorskip("torchmetrics")

from fake_wandb_server.clients import Client, ended  # noqa: E402 - as above
from fake_wandb_server.server import FakeWandbServer  # noqa: E402 - as above
from flow.config import Config  # noqa: E402 - torch is optional
from flow.evaluate import COLUMNS, Evaluator, Generator, compare, take  # noqa: E402 - as above
from flow.features import classifier  # noqa: E402 - as above
from flow.image_grid import image_grid  # noqa: E402 - as above
from flow.matching import SOLVERS, follow, matching_loss  # noqa: E402 - as above
from flow.model import Velocity  # noqa: E402 - as above
from flow.run_logger import METRICS, RunLogger  # noqa: E402 - as above
from flow.train import BEST, LATEST, STATE, begin, train, velocity  # noqa: E402 - as above
from pictures import Pictures, load  # noqa: E402 - as above

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SMALL = {
    "widths": [8, 8],
    "epochs": 2,
    "batch_size": 512,
    "checkpoint_every": 1,
    "evaluations": 4,
}


def run_module(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=NOTEBOOKS,
        env=os.environ | {"WANDB_MODE": "offline", "PYTHONWARNINGS": "error"} | variables,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def train_by_command(out: Path, *changes: str) -> list[dict[str, float]]:
    words = ["flow.train", "--config", "configs/flow_digits.yaml"]
    for change in ("widths=[8,8]", "epochs=2", "evaluations=4", f"out={out}", *changes):
        words += ["--set", change]
    done = run_module(*words, PYTHONWARNINGS="default")
    assert done.returncode == 0, done.stderr
    assert "2 epochs" in done.stdout
    return logged(out)


def logged(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]


# On dx/dt = x, one step of each solver has an error that its order decides.
@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("midpoint", 2), ("rk4", 4)])
def test_the_error_of_a_solver_falls_with_its_order(solver: str, order: int) -> None:
    start = torch.ones(1, dtype=torch.float64)
    errors = []
    for evaluations in (16, 32, 64):
        path = follow(lambda _, place: place, start, solver, evaluations)
        assert path.evaluations == evaluations
        errors.append(abs(path.end.item() - math.e))
    for coarse, fine in itertools.pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(order, abs=0.3)


def test_an_adaptive_solver_keeps_its_tolerance() -> None:
    start = torch.ones(1, dtype=torch.float64)
    rough, fine = (
        follow(lambda _, place: place, start, "dopri5", tolerance=tolerance)
        for tolerance in (1e-3, 1e-9)
    )
    assert abs(fine.end.item() - math.e) < 1e-7 < abs(rough.end.item() - math.e) < 1e-2
    assert fine.evaluations > rough.evaluations


def test_solvers_refuse_what_they_cannot_do() -> None:
    start = torch.ones(1)
    with pytest.raises(ValueError, match="rk4 needs at least 4 evaluations, and has 3"):
        follow(lambda _, place: place, start, "rk4", 3)
    with pytest.raises(ValueError, match="solver must be one of euler"):
        follow(lambda _, place: place, start, "magic", 3)


def test_the_best_velocity_has_the_loss_that_theory_says() -> None:
    # Where data is normal like the noise, the mean velocity is known, and so is its loss.
    class Exact(torch.nn.Module):
        def forward(self, time: torch.Tensor, place: torch.Tensor, _: object) -> torch.Tensor:
            share = time[:, None, None, None]
            return (2 * share - 1) / ((1 - share) ** 2 + share**2) * place

    generator = torch.Generator().manual_seed(0)
    images = torch.randn(20_000, 1, 2, 2, generator=generator)
    loss = matching_loss(Exact(), images, None, generator)
    # The variance left over is 1 / ((1 - t)² + t²), whose mean over t is π / 2.
    assert loss.item() == pytest.approx(math.pi / 2, rel=0.02)


@pytest.mark.parametrize(
    ("shape", "widths"), [((1, 8, 8), (8, 16)), ((3, 32, 32), (8, 8, 16)), ((1, 28, 28), (8,))]
)
def test_one_network_fits_all_pictures(shape: tuple[int, int, int], widths: list[int]) -> None:
    model = Velocity(shape[0], widths, classes=3)
    images = torch.randn(5, *shape)
    assert model(torch.rand(5), images, torch.tensor([0, 1, 2, 0, 1])).shape == images.shape
    assert model(torch.tensor(0.5), images, None).shape == images.shape


def test_pictures_that_cannot_be_halved_are_refused() -> None:
    data = Pictures("mnist", torch.zeros(2, 1, 28, 28, dtype=torch.uint8), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="4 widths need pictures whose sides divide by 8: mnist"):
        velocity(Config(widths=(8, 8, 8, 8)), data)


@pytest.mark.slow
def test_a_training_is_the_same_with_wandb_and_without(tmp_path: Path) -> None:
    without = train_by_command(tmp_path / "without", "wandb=false")
    recorded = train_by_command(tmp_path / "with", "wandb=true")
    assert without == recorded
    assert {"train/loss", "train/lr", "train/gradient_norm"} < set().union(*without)
    (log,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    assert b"flow-digits" in log.read_bytes()


@pytest.mark.slow
def test_without_wandb_it_is_not_even_imported(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['wandb'] = None\n"
        "from flow.config import Config\nfrom flow.run_logger import open_run_logger\n"
        "from flow.train import train\n"
        f"config = Config(widths=(8,), epochs=1, evaluations=2, out={str(tmp_path / 'out')!r})\n"
        "with open_run_logger(config) as run_logger:\n    train(config, run_logger)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=NOTEBOOKS,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / BEST).exists()


def test_a_training_goes_on_as_if_it_had_not_been_broken_off(tmp_path: Path) -> None:
    config = Config.of(SMALL)
    whole = train(config, RunLogger(tmp_path / "whole"))

    class BrokenOffError(Exception):
        pass

    class Breaks(RunLogger):
        def log(self, values: dict[str, float], step: int) -> None:  # type: ignore[override]
            if step > 4:
                raise BrokenOffError
            super().log(values, step)

    with pytest.raises(BrokenOffError):
        train(config, Breaks(tmp_path / "parts"))
    assert torch.load(tmp_path / "parts" / STATE, weights_only=True)["progress"][0] == 1
    parts = train(config, RunLogger(tmp_path / "parts", append=True), resume=True)

    for mine, other in zip(parts.averaged.parameters(), whole.averaged.parameters(), strict=True):
        assert torch.equal(mine, other)
    assert [row[1] for row in parts.rows] == [row[1] for row in whole.rows]
    assert logged(tmp_path / "parts") == logged(tmp_path / "whole")
    assert (parts.epoch, parts.step, parts.best) == (whole.epoch, whole.step, whole.best)


def test_the_learning_rate_warms_up_and_falls(tmp_path: Path) -> None:
    train(Config.of(SMALL | {"epochs": 3, "batch_size": 128}), RunLogger(tmp_path))
    rates = [row["train/lr"] for row in logged(tmp_path) if "train/lr" in row]
    top = rates.index(max(rates))
    assert max(rates) == Config().learning_rate
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert rates[-1] < 0.01 * max(rates)


def test_weights_draw_the_same_when_they_are_read(tmp_path: Path) -> None:
    config = Config.of(SMALL)
    training = train(config, RunLogger(tmp_path))
    generator = Generator.read(tmp_path / LATEST)
    drawn, evaluations = generator.draw(20, "rk4", 8)
    assert drawn.shape == (20, 1, 8, 8)
    assert evaluations == 8
    assert torch.equal(drawn, generator.draw(20, "rk4", 8)[0])
    own = Generator(training.averaged.module, config, (1, 8, 8), 10)
    assert torch.equal(drawn, own.draw(20, "rk4", 8)[0])
    rows = compare(generator, Evaluator(classifier(digits(), epochs=1), digits()), 50, counts=(8,))
    assert [row[0] for row in rows] == list(SOLVERS)
    assert all(len(row) == len(COLUMNS) for row in rows)
    assert [row[1] for row in rows[:3]] == [8, 8, 8]


def digits() -> Pictures:
    return load("digits", train=True)


def test_scores_mean_what_they_should() -> None:
    real, held_out = digits(), load("digits", train=False)
    looks = classifier(real)
    assert looks.name == "digits-classifier"
    assert looks.accuracy(held_out) > 0.95
    evaluator = Evaluator(looks, real)
    noise = torch.randn(300, 1, 8, 8, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    same, other, none = (evaluator.scores(each) for each in (real[:][0], held_out[:][0], noise))
    fid, score = "fid/digits-classifier", "inception_score/digits-classifier"
    assert same[fid] == pytest.approx(0, abs=1e-3)
    assert 0 < other[fid] < 20 < none[fid]
    assert none[score] < other[score] <= 10
    # One class only: each picture is clear, but it is always the same one.
    ones = real[torch.nonzero(real.labels == 1).flatten()][0]
    assert evaluator.inception_score(ones) < 1.5


def test_offline_the_run_says_which_weights_it_took(tmp_path: Path) -> None:
    weights = tmp_path / "best.pt"
    weights.write_bytes(b"weights")
    with wandb.init(mode="offline", dir=tmp_path) as run:
        assert take(run, "flow-digits", weights) == weights
        assert dict(run.config)["weights"] == {
            "artifact": "flow-digits:best",
            "sha256": hashlib.sha256(b"weights").hexdigest(),
        }
    wandb.teardown()


ONLINE = """
import sys
from pathlib import Path
import wandb
from flow.config import Config
from flow.evaluate import Generator, take
from flow.run_logger import open_run_logger
from flow.train import BEST, train
config = Config(wandb=True, widths=(8,), epochs=2, batch_size=512, checkpoint_every=1,
                evaluations=2, out=sys.argv[1])
with open_run_logger(config) as run_logger:
    train(config, run_logger)
with wandb.init(project=config.project, job_type="evaluate") as run:
    taken = take(run, "flow-digits", Path("nowhere"))
    assert Generator.read(taken).draw(4)[0].shape == (4, 1, 8, 8)
assert taken.read_bytes() == Path(sys.argv[1], BEST).read_bytes()
(used,) = wandb.Api().run(run.path).used_artifacts()
assert set(used.aliases) == {"best", "latest"} and used.metadata["epoch"] == 2, used.aliases
"""


@pytest.mark.slow
def test_online_the_best_version_is_used(
    fake_wandb_server: FakeWandbServer, tmp_path: Path
) -> None:
    client = Client(Path(sys.executable), tmp_path, fake_wandb_server)
    process = client.start(
        sys.executable, "-c", ONLINE, tmp_path / "out", PYTHONPATH=str(NOTEBOOKS)
    )
    ended(process)


def test_a_config_refuses_what_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("epochs: 0\n")
    with pytest.raises(ValueError, match="epochs must be 1 or more, and is 0"):
        Config.read(path)
    with pytest.raises(ValueError, match="a config has no field colour"):
        Config.of({"colour": 1})
    with pytest.raises(ValueError, match="dataset must be one of mnist, cifar10, digits"):
        Config(dataset="faces")
    done = run_module("flow.train", "--config", str(path))
    assert done.returncode == 2
    assert "epochs must be 1 or more" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "path", sorted(NOTEBOOKS.glob("configs/flow_*.yaml")), ids=lambda p: p.stem
)
def test_the_configs_that_are_there_can_be_read(path: Path) -> None:
    config = Config.read(path)
    assert Config.of(config.values()) == config
    sides = {"digits": 8, "cifar10": 32}
    channels = {"digits": 1, "cifar10": 3}[config.dataset]
    shape = (1, channels, sides[config.dataset], sides[config.dataset])
    data = Pictures(config.dataset, torch.zeros(shape, dtype=torch.uint8), torch.tensor([9]))
    training = begin(config, data)
    assert training.model(torch.tensor(0.5), data[:][0], data[:][1]).shape == shape


def test_a_sheet_shows_pictures_in_rows() -> None:
    images = torch.stack([torch.full((1, 8, 8), value) for value in (-1.0, 1.0, 5.0, -1.0, 0.0)])
    octets = image_grid(images, columns=2)
    assert octets.shape == (2 * 9 * 4, 2 * 9 * 4, 1)
    assert octets.dtype == torch.uint8
    assert octets[0, 0] == 0
    assert octets[0, 40] == 255  # white; what lies beyond is white, too
    assert octets[40, 0] == 255
