"""Trains a classifier of handwritten digits, as a W&B script does: alone, or as a run of a sweep.

    python train.py                     one run
    python train.py --lr 0.01           one run with another learning rate
    python train.py SWEEP 10            ten runs of a sweep, by its id
    python train.py SWEEP 10 --agents 2 two at a time

A sweep whose config names it as its `program` executes it with the parameters as options, as
`wandb agent` does.
"""

import argparse

import wandb
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

DEFAULTS = {"lr": 0.003, "hidden": 32, "alpha": 1e-4, "epochs": 12}


def main(config=DEFAULTS):
    """Train once; in a sweep, W&B sets the parameters over those that are given."""
    X, y = load_digits(return_X_y=True)
    X, X_valid, y, y_valid = train_test_split(X / 16, y, test_size=0.4, random_state=0)
    with wandb.init(config=config) as run:
        model = MLPClassifier(
            (run.config.hidden,),
            learning_rate_init=run.config.lr,
            alpha=run.config.alpha,
            random_state=0,
        )
        for _ in range(run.config.epochs):
            model.partial_fit(X, y, classes=range(10))
            run.log({"loss": model.loss_, "accuracy": model.score(X_valid, y_valid)})
        print(f"accuracy {run.summary['accuracy']:.3f} with lr {run.config.lr:.4g}")


def serve(sweep, count, agents):
    """Execute runs of a sweep, and wait for them."""
    import wandb_magic  # only this needs it

    done = wandb_magic.agent(sweep, function=main, count=count, agents=agents).wait()
    print(done.status())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sweep", nargs="?", help="a sweep to run; one run alone by default")
    parser.add_argument("count", nargs="?", type=int, help="how many runs of it")
    parser.add_argument("--agents", type=int, default=1, help="how many runs at a time")
    for name, value in DEFAULTS.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    options = parser.parse_args()
    if options.sweep:
        serve(options.sweep, options.count, options.agents)
    else:
        main({name: getattr(options, name) for name in DEFAULTS})
