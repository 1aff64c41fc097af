/**
 * Takes a picture of each view, light and dark, into ui-tests/pictures, for people to look at:
 * `PICTURES=1 scripts/browser pictures`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  expect,
  openNotebook,
  openRun,
  openSweep,
  pictures,
  reaches,
  runAll,
  runsOf,
  startSweep,
  test
} from './lab';

test.skip(process.env.PICTURES === undefined, 'pictures are taken with PICTURES=1');
test.setTimeout(600_000);

const CONFIG = `{
    "name": "digits-bayes",
    "method": "bayes",
    "metric": {"name": "val/accuracy", "goal": "maximize"},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1.0},
        "weight_decay": {"distribution": "log_uniform_values", "min": 1e-6, "max": 1e-2},
        "dropout": {"min": 0.0, "max": 0.6},
        "width": {"values": [32, 64, 128, 256]},
        "optimizer": {"values": ["adam", "sgd", "rmsprop"]},
        "epochs": {"value": 40},
    },
}`;

/** Learns the faster, the nearer its rate is to what its optimizer likes; breaks with far too much. */
const TRAIN = `import math
import random
import numpy as np
with wandb.init(tags=["baseline"], notes="from the pictures") as run:
    config = run.config
    print("\x1b[1mloading\x1b[0m digits: \x1b[32m1797 images\x1b[0m of 8 x 8")
    likes = {"adam": 3e-3, "sgd": 0.1, "rmsprop": 1e-3}[config.optimizer]
    far = abs(math.log10(config.lr / likes))
    top = 0.98 - 0.09 * far**1.5 - 0.12 * abs(config.dropout - 0.2) - 0.02 * (8 - math.log2(config.width))
    for epoch in range(config.epochs):
        if config.lr > 40 * likes and epoch == 7:
            raise FloatingPointError(f"the loss is nan at epoch {epoch}: lr {config.lr:.3g} is too high")
        done = 1 - math.exp(-(epoch + 1) / (4 + 6 * far))
        noise = random.gauss(0, 0.004)
        run.log({
            "epoch": epoch,
            "train/loss": 2.3 * (1 - done * top) + 3 * abs(noise),
            "train/accuracy": min(1.0, 0.1 + (top - 0.08) * done + noise),
            "val/loss": 2.3 * (1 - done * (top - 0.03)) + 5 * abs(noise),
            "val/accuracy": min(1.0, 0.1 + (top - 0.1) * done + 2 * noise),
            "gradients/dense": wandb.Histogram(np.random.normal(0, 1 / (epoch + 1), 500)),
        })
        if epoch % 10 == 0:
            print(f"epoch {epoch:3d}  loss {2.3 * (1 - done * top):.4f}  accuracy {top * done:.4f}")
            image = np.clip(np.add.outer(np.arange(64), np.arange(64)) * (epoch + 6) / 20, 0, 255)
            run.log({"examples": [wandb.Image(image.astype(np.uint8), caption=f"digit {epoch}")] * 3})
        time.sleep(0.02)
    run.log({
        "confusions": wandb.Table(columns=["truth", "guess", "count"],
                                  data=[[i, (3 * i) % 10, 20 - i] for i in range(10)]),
        "report": wandb.Html("<h1>Report</h1><p>Accuracy by <b>class</b>.</p>"),
    })
    artifact = wandb.Artifact("model", type="model", metadata={"width": config.width})
    with artifact.new_file("weights.txt") as file:
        file.write("0.1 0.2 0.3")
    run.log_artifact(artifact)`;

test('pictures of all views', async ({ page, server }) => {
  const sweep = await startSweep(server, { count: 40, agents: 3, train: TRAIN, config: CONFIG });
  await startSweep(server, { name: 'lr-range', count: 6, steps: 5 });
  await page.getByRole('tab', { name: 'Sweeps' }).click();
  await expect
    .poll(async () => (await runsOf(server, sweep)).length, { timeout: 120_000 })
    .toBeGreaterThan(8);
  await openSweep(page, sweep);
  await pictures(page, 'overview-running');
  await reaches(server, sweep);
  await startSweep(server, { name: 'mnist-grid', count: 64, steps: 2000, pace: 0.05 });
  for (const tab of ['Overview', 'Runs', 'Curves', 'Parallel', 'Importance', 'Compare', 'Spec']) {
    const view = await openSweep(page, sweep, tab);
    if (tab === 'Compare') {
      await view.getByRole('button', { name: /Compare the/ }).click();
    }
    await page.waitForLoadState('networkidle');
    await pictures(page, `sweep-${tab.toLowerCase()}`);
  }
  const runs = await runsOf(server, sweep);
  const best = runs.reduce((one, other) => ((other.value ?? 0) > (one.value ?? 0) ? other : one));
  for (const tab of ['Charts', 'System', 'Logs', 'Files', 'Config']) {
    await openRun(page, sweep, best.id, tab);
    await page.waitForLoadState('networkidle');
    await pictures(page, `run-${tab.toLowerCase()}`);
  }
  const failed = runs.find(run => run.state === 'failed');
  if (failed !== undefined) {
    await openRun(page, sweep, failed.id, 'Failure');
    await pictures(page, 'run-failure');
  }
});

test("picture of the README's quickstart", async ({ page, server }) => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf-8');
  const [, quickstart] = readme.split('## Quickstart');
  const cells = [...quickstart.matchAll(/^```python\n(.*?)\n```$/gms)].map(([, cell]) => cell);
  await page.setViewportSize({ width: 1110, height: 940 });
  await openNotebook(page, server, 'work/quickstart.ipynb', cells.slice(0, 3));
  await page.sidebar.close('left');
  await runAll(page);
  await expect(page.getByRole('region', { name: /^Sweep / })).toContainText('finished 20/20', {
    timeout: 60_000
  });
  await pictures(page, 'quickstart', '#jp-main-dock-panel');
});
