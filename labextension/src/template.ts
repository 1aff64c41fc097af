/** The smallest working sweep: shown in the empty sidebar, and inserted into new notebooks. */

const SETUP = `%load_ext wandb_magic
import wandb

config = {
    "method": "bayes",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {
        "lr": {"min": 0.01, "max": 1.0},
        "width": {"values": [16, 32, 64]},
    },
}`;

const TRAINING = `%%wandb_sweep config --count 20 --agents 2 --out sweep
with wandb.init() as run:
    loss = 1.0
    for epoch in range(30):
        # Your training goes here.
        loss *= 1 - run.config.lr * run.config.width / 100
        run.log({"loss": loss})`;

const RESULTS = `sweep.wait()
sweep.best_config`;

export const TEMPLATE_CELLS: readonly string[] = [SETUP, TRAINING, RESULTS];
