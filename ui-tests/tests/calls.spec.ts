import type { Locator } from '@playwright/test';

import type { Sweeps } from '../../labextension/src/api/schemas';
import {
  ask,
  expect,
  expectAccessible,
  openNotebook,
  openRun,
  reaches,
  runAll,
  runsOf,
  test
} from './lab';

const CELLS = [
  `%load_ext wandb_magic
import numpy as np
import wandb
config = {
    "name": "calls",
    "method": "grid",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"seed": {"value": 1}},
}`,
  `%%wandb_sweep config --out sweep
labels = {0: "paper", 1: "ink"}
pixels = np.zeros((40, 60, 3), np.uint8)
pixels[10:20, 15:45] = 255
box = {
    "position": {"minX": 15, "maxX": 45, "minY": 10, "maxY": 20},
    "domain": "pixel",
    "class_id": 1,
    "box_caption": "here",
}
table = wandb.Table(columns=["digit", "taken for"], data=[[3, "eight"], [7, "one"]])
by_epoch = wandb.Table(columns=["epoch", "accuracy"], data=[[e, 1 - 1 / (e + 2)] for e in range(5)])
with wandb.init() as run:
    for step in range(3):
        run.log({
            "loss": 1 / (step + 1),
            "weights": wandb.Histogram(np.linspace(-1, 1, 50) * (step + 1)),
            "sample": wandb.Image(
                pixels,
                caption=f"after {step}",
                masks={"truth": {"mask_data": pixels[..., 0] // 255, "class_labels": labels}},
                boxes={"found": {"box_data": [box], "class_labels": labels}},
            ),
        })
    run.log({
        "mistakes": table,
        "report": wandb.Html("<h1>two mistakes</h1>"),
        "plots/line": wandb.plot.line(by_epoch, "epoch", "accuracy", title="by epoch"),
        "plots/bar": wandb.plot.bar(by_epoch, "epoch", "accuracy", title="as bars"),
        "plots/confusion": wandb.plot.confusion_matrix(
            y_true=[0, 0, 0, 1, 1, 1], preds=[0, 0, 1, 1, 1, 1], class_names=["cat", "dog"]
        ),
        "plots/roc": wandb.plot.roc_curve(
            [0, 1, 1, 0], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]], labels=["cat", "dog"]
        ),
    })`
];

test('what a run logs with wandb is seen: images, tables, HTML, histograms, charts', async ({
  page,
  server
}) => {
  test.slow();
  await openNotebook(page, server, 'work/calls.ipynb', CELLS);
  await runAll(page);
  await expect
    .poll(async () => (await ask<Sweeps>(server)).sweeps.length, { timeout: 45_000 })
    .toBe(1);
  const [{ id: sweep }] = (await ask<Sweeps>(server)).sweeps;
  await reaches(server, sweep);
  const [run] = await runsOf(server, sweep);
  const view = await openRun(page, sweep, run.id, 'Charts');

  await test.step('an image with caption, mask and box', async () => {
    const sample = await seen(view, 'sample');
    const image = sample.getByRole('img', { name: 'after 2' });
    await expect
      .poll(() => image.evaluate(found => (found as HTMLImageElement).naturalWidth))
      .toBe(60);
    await expect(sample.getByText('after 2')).toBeVisible();
    const mask = sample.locator('.jp-wm-Image-mask');
    await expect(mask).toBeVisible();
    // The box lies where the ink is: a quarter from the left and from the top, half as wide.
    const whole = await boxOf(image);
    const found = await boxOf(sample.locator('.jp-wm-Image-box'));
    expect((found.x - whole.x) / whole.width).toBeCloseTo(0.25, 1);
    expect((found.y - whole.y) / whole.height).toBeCloseTo(0.25, 1);
    expect(found.width / whole.width).toBeCloseTo(0.5, 1);
    await expect(sample.getByText('here')).toBeVisible();
    await sample.getByRole('checkbox', { name: 'truth' }).uncheck();
    await expect(mask).toHaveCount(0);
    await sample.getByRole('slider', { name: 'Step' }).press('Home');
    await expect(sample.getByRole('img', { name: 'after 0' })).toBeVisible();
    await sample.getByRole('button', { name: 'Side by side' }).click();
    await expect(sample.getByRole('img', { name: /after/ })).toHaveCount(3);
  });

  await test.step('a table', async () => {
    const table = (await seen(view, 'mistakes')).getByRole('table');
    await expect(table.getByRole('columnheader')).toHaveText(['digit', 'taken for']);
    await expect(table.getByRole('cell')).toHaveText(['3', 'eight', '7', 'one']);
  });

  await test.step('HTML in a frame that cannot reach the page', async () => {
    const frame = (await seen(view, 'report')).locator('iframe');
    await expect(frame).toHaveAttribute('sandbox', 'allow-scripts');
    const inside = frame.contentFrame();
    await expect(inside.getByRole('heading', { name: 'two mistakes' })).toBeVisible();
    expect(await inside.locator('h1').evaluate(() => window.origin)).toBe('null');
  });

  await test.step('histograms over steps', async () => {
    const weights = await seen(view, 'weights');
    await expect(weights.getByText('step 2: 50 values')).toBeVisible();
    await painted(weights.getByRole('slider', { name: /Histograms of weights over 3 steps/ }));
  });

  await test.step('custom charts', async () => {
    const line = await seen(view, 'plots/line');
    const plot = line.getByRole('slider', { name: 'by epoch: 5 values' });
    await painted(plot);
    await plot.press('Home');
    await expect(plot).toHaveAttribute('aria-valuetext', 'epoch 0, accuracy 0.5');
    await plot.press('ArrowRight');
    await expect(plot).toHaveAttribute('aria-valuetext', 'epoch 1, accuracy 0.6667');
    await line.getByRole('button', { name: 'Show as table' }).click();
    await expect(line.getByRole('cell').first()).toHaveText('0');
    await line.getByRole('button', { name: 'Show as table' }).click();

    await painted((await seen(view, 'plots/bar')).getByRole('slider'));
    const matrix = (await seen(view, 'plots/confusion')).getByRole('slider');
    await painted(matrix);
    await matrix.press('Home');
    await matrix.press('ArrowRight');
    await expect(matrix).toHaveAttribute('aria-valuetext', 'Actual cat, Predicted dog, n 1');
    const curve = await seen(view, 'plots/roc');
    await painted(curve.getByRole('slider'));
    await expect(curve.locator('.jp-wm-Media-group')).toHaveText([/cat/, /dog/]);
  });

  await expectAccessible(page, '.jp-wm-RunView', 'what a run logs');
});

/** A card of the run's charts, scrolled to. */
async function seen(view: Locator, name: string): Promise<Locator> {
  const card = view.getByRole('region', { name, exact: true }).first();
  await card.scrollIntoViewIfNeeded();
  return card;
}

/** Where something is on the page. */
async function boxOf(
  locator: Locator
): Promise<{ x: number; y: number; width: number; height: number }> {
  const box = await locator.boundingBox();
  if (box === null) {
    throw new Error(`${locator.toString()} cannot be seen.`);
  }
  return box;
}

/** Something is drawn on a plot, besides its axes in the colours of text. */
async function painted(plot: Locator): Promise<void> {
  await plot.scrollIntoViewIfNeeded();
  await expect
    .poll(() =>
      plot
        .locator('canvas')
        .first()
        .evaluate(found => {
          const canvas = found as HTMLCanvasElement;
          const context = canvas.getContext('2d');
          if (context === null || canvas.width === 0) {
            return 0;
          }
          const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
          let coloured = 0;
          for (let at = 0; at < data.length; at += 4) {
            const [red, green, blue, alpha] = data.slice(at, at + 4);
            const grey = Math.max(red, green, blue) - Math.min(red, green, blue) < 30;
            coloured += alpha > 0 && !grey ? 1 : 0;
          }
          return coloured;
        })
    )
    .toBeGreaterThan(50);
}
