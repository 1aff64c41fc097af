// Drives one page of the panel in Chromium for panel_page.py, and prints what it measured as JSON.
//
// usage: node panel_page.mjs URL CHROMIUM live|large SWEEP RUNS

import { gzipSync } from 'node:zlib';

import { chromium } from '../ui-tests/node_modules/playwright-core/index.mjs';

const [url, executablePath, what, sweep, runs] = process.argv.slice(2);
const LIVE_S = 20;
const ACT_MS = 3000;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--js-flags=--expose-gc'
];

const browser = await chromium.launch({ executablePath, args: FLAGS });
const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
const scripts = [];
page.on('response', async response => {
  if (response.url().includes('/extensions/wandb-magic/') && response.url().includes('.js')) {
    scripts.push(gzipSync(await response.body().catch(() => '')).length);
  }
});
await page.addInitScript(instrument);
await page.goto(`${url}`);
await page.waitForFunction(() => window.jupyterapp?.restored);
await page.evaluate(() => window.jupyterapp.restored);
await page.getByRole('tab', { name: 'Sweeps' }).first().waitFor();

const found = what === 'live' ? await live() : await large();
console.log(JSON.stringify(found));
await browser.close();

/** From `log()` to the pixel: when what a frame of the socket brought has been drawn. */
async function live() {
  await open();
  await tab('Curves');
  await page.locator('canvas').first().waitFor();
  await page.waitForTimeout(2000);
  await page.evaluate(() => window.measured.delays.splice(0));
  await page.waitForTimeout(LIVE_S * 1000);
  return { delays: await page.evaluate(() => window.measured.delays) };
}

async function large() {
  // The first page that shows a sweep brings what every later one finds in the browser's cache.
  const idle = await heap();
  const before = scripts.reduce((sum, size) => sum + size, 0);
  const table = await timed(async () => {
    await open('runs');
    await page.getByRole('row').nth(20).waitFor();
  });
  const all = await timed(() =>
    page.waitForFunction(
      runs => document.querySelector('[role=grid]')?.getAttribute('aria-rowcount') > runs,
      Number(runs)
    )
  );
  const scrolling = await frames(async () => {
    const grid = page.getByRole('grid');
    const box = await grid.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    for (const end = Date.now() + ACT_MS; Date.now() < end;) {
      await page.mouse.wheel(0, 400);
    }
  });
  const curves = await timed(async () => {
    await tab('Curves');
    await drawn();
  });
  const parallel = await timed(async () => {
    await tab('Parallel');
    await drawn();
  });
  const brushing = await brushed();
  const still = await frames(() => page.waitForTimeout(ACT_MS));
  return {
    before,
    table,
    all,
    curves,
    parallel,
    scrolling,
    brushing,
    still,
    idle,
    heap: await heap()
  };
}

async function open(name) {
  await page.evaluate(
    sweep => window.jupyterapp.commands.execute('wandb-magic:open-sweep', { sweep }),
    sweep
  );
  if (name) {
    await tab('Runs');
  }
}

/** Drag a range of the first axis up and down; fail if the page does not follow. */
async function brushed() {
  const low = page.getByRole('slider', { name: /: only from$/ }).first();
  const high = page.getByRole('slider', { name: /: only up to$/ }).first();
  await low.waitFor();
  const [from, to] = [await low.boundingBox(), await high.boundingBox()];
  const x = from.x + from.width / 2;
  const at = share => to.y + (from.y - to.y) * share;
  const measured = await frames(async () => {
    await page.mouse.move(x, at(0.2));
    await page.mouse.down();
    for (let step = 0, end = Date.now() + ACT_MS; Date.now() < end; step++) {
      await page.mouse.move(x, at(0.3 + 0.5 * Math.sin(step / 9) ** 2));
    }
    await page.mouse.up();
  });
  const chosen = await page.getByRole('group', { name: 'Chosen runs' }).textContent();
  if (!chosen.includes(`of ${runs} runs`)) {
    throw new Error(`nothing was brushed: ${chosen}`);
  }
  return measured;
}

async function tab(name) {
  await page.getByRole('tab', { name, exact: true }).click();
}

/** Wait until something has been drawn on a canvas since this was called. */
async function drawn() {
  await page.evaluate(() => {
    window.measured.drawn = false;
  });
  await page.waitForFunction(() => window.measured.drawn);
}

async function timed(work) {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Frames a second while something is done. */
async function frames(work) {
  await page.evaluate(() => {
    window.measured.frames = [];
  });
  await work();
  return page.evaluate(() => {
    const times = window.measured.frames;
    const gaps = times.slice(1).map((time, place) => time - times[place]);
    gaps.sort((one, other) => one - other);
    return {
      rate: (1000 * gaps.length) / (times.at(-1) - times[0]),
      slow: gaps[Math.floor(0.95 * gaps.length)]
    };
  });
}

/** Megabytes of the page's heap after a collection. */
async function heap() {
  return page.evaluate(() => {
    window.gc();
    return performance.memory.usedJSHeapSize / 2 ** 20;
  });
}

/** In the page, before anything else: note what comes in, what is drawn, and every frame. */
function instrument() {
  window.measured = { delays: [], frames: [], drawn: false };
  let waiting = [];
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', event => {
        if (typeof event.data === 'string' && event.data.includes('"kind":"curves"')) {
          for (const message of JSON.parse(event.data).messages) {
            for (const curve of message.kind === 'curves' ? message.curves : []) {
              // The value is the time when it was logged; a bucket's highest is its newest.
              const values = (curve.high ?? curve.low).filter(value => value !== null);
              if (curve.key === 'logged_at') {
                waiting.push(...values.slice(-5));
              }
            }
          }
        }
      });
    }
  };
  for (const name of ['stroke', 'fill', 'drawImage', 'fillRect', 'putImageData']) {
    const draw = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...given) {
      window.measured.drawn = true;
      return draw.apply(this, given);
    };
  }
  let stroked = false;
  const stroke = CanvasRenderingContext2D.prototype.stroke;
  CanvasRenderingContext2D.prototype.stroke = function (...given) {
    stroked = true;
    return stroke.apply(this, given);
  };
  const frame = time => {
    window.measured.frames.push(time);
    if (stroked && waiting.length) {
      // Drawn since the last frame: on the screen now.
      const now = Date.now() % 1e6;
      window.measured.delays.push(...waiting.map(at => now - at));
      waiting = [];
    }
    stroked = false;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
