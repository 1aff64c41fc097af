import type { Files } from '../../labextension/src/api/schemas';
import { ask, expect, openRun, reaches, runsOf, startSweep, test } from './lab';

/** A page that tries what a page of somebody else must not be able to. */
const HOSTILE = `<p>nothing yet</p><script>
  const done = [];
  for (const [name, attempt] of Object.entries({
    parent: () => { if (parent === window) throw 0; parent.document.title = "harmed"; },
    storage: () => localStorage.setItem("harmed", "1"),
    cookie: () => { if (document.cookie) throw 0; document.cookie = "harmed=1"; },
  })) {
    try { attempt(); done.push(name); } catch { /* as it should be */ }
  }
  fetch("/foo/api/contents").then(
    answer => answer.text(),
  ).then(() => done.push("api"), () => undefined).then(() => {
    document.querySelector("p").textContent = "done: " + done.join(" ");
  });
</script>`;

const TRAIN = `import numpy as np
import plotly.graph_objects
with wandb.init() as run:
    for step in range(3):
        run.log({
            "loss": 1 / (step + 1),
            "sample": wandb.Image(np.full((20, 30), 80 * step, np.uint8), caption=f"after {step}"),
        })
    run.log({
        "cloud": wandb.Object3D(np.random.default_rng(0).normal(size=(500, 3))),
        "figure": wandb.Plotly(plotly.graph_objects.Figure({"data": [{"y": [1, 3, 2]}]})),
    })
    run.log({"report": wandb.Html(${JSON.stringify(HOSTILE)}, inject=False)})`;

test.describe('behind a base url', () => {
  test.use({ serverOptions: { baseUrl: '/foo' } });

  test('images are shown, and HTML cannot reach what is around it', async ({ page, server }) => {
    const sweep = await startSweep(server, { count: 1, agents: 1, train: TRAIN });
    await reaches(server, sweep);
    const [run] = await runsOf(server, sweep);
    const title = await page.title();
    const view = await openRun(page, sweep, run.id, 'Charts');
    const sample = view.getByRole('region', { name: 'sample' });
    const image = sample.getByRole('img', { name: 'after 2' });
    await image.scrollIntoViewIfNeeded();
    await expect
      .poll(() => image.evaluate(found => (found as HTMLImageElement).naturalWidth))
      .toBe(30);
    await sample.getByRole('slider', { name: 'Step' }).press('Home');
    await expect(sample.getByRole('img', { name: 'after 0' })).toBeVisible();

    const figure = view.getByRole('region', { name: 'figure' });
    await figure.scrollIntoViewIfNeeded();
    await expect(figure.locator('iframe').contentFrame().locator('.scatterlayer')).toBeVisible();

    const cloud = view.getByRole('region', { name: 'cloud' });
    await cloud.scrollIntoViewIfNeeded();
    const turned = cloud.getByRole('slider', { name: 'Point cloud cloud' });
    const before = await turned.getAttribute('aria-valuetext');
    await turned.press('ArrowRight');
    await expect(turned).not.toHaveAttribute('aria-valuetext', before ?? '');
    await expect(cloud).toContainText('500 points');

    const report = view.getByRole('region', { name: 'report' });
    await report.scrollIntoViewIfNeeded();
    const inside = report.locator('iframe').contentFrame();
    await expect(inside.locator('p')).toHaveText('done:');
    expect(await inside.locator('p').evaluate(() => window.origin)).toBe('null');
    expect(await page.title()).toBe(title);
    expect(await page.evaluate(() => localStorage.getItem('harmed'))).toBeNull();

    // Nor does it where somebody opens it in a tab of its own.
    const { files } = await ask<Files>(server, `/${sweep}/runs/${run.id}/files`);
    const html = files.find(file => file.path.endsWith('.html'))?.path ?? '';
    const alone = await page.context().newPage();
    await alone.goto(`${server.url}/wandb-magic/api/sweeps/${sweep}/runs/${run.id}/files/${html}`);
    await expect(alone.locator('p')).toHaveText('done:');
    expect(await alone.evaluate(() => window.origin)).toBe('null');
  });
});
