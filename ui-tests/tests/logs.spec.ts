import { expect, openRun, reaches, runsOf, startSweep, test } from './lab';

/** Prints what would do harm if it were anything but text, and 100 MB of lines below it. */
const TRAIN = String.raw`import os
print('<script>window.harmed = 1</script><img src="x" onerror="window.harmed = 1">')
print("\x1b]0;owned\x07\x1b[31mred\x1b[0m plain \x1b[2J\x1b[999A\x1b[8mhidden\x1b[0m", flush=True)
os.write(1, b"\xff\xfe broken \x80 text\n")
for million in range(10):
    lines = (f"line {100_000 * million + each:07d} " + "x" * 87 for each in range(100_000))
    print("\n".join(lines))
print("the needle")
print("10 %\r 50 %\r100 %")
print("the end", flush=True)
with wandb.init() as run:
    run.log({"loss": run.config.lr})`;

test('hostile output of 100 MB is text, and the page goes on', async ({ page, server }) => {
  const sweep = await startSweep(server, { count: 1, agents: 1, train: TRAIN });
  await reaches(server, sweep);
  const [run] = await runsOf(server, sweep);
  const title = await page.title();
  const view = await openRun(page, sweep, run.id, 'Logs');
  const output = view.getByRole('region', { name: 'Output of the run' });
  await expect(output).toContainText('the end');
  await expect(output).toContainText('100 %');
  await expect(output).not.toContainText('50 %');

  await output.press('Home');
  await expect(output).toContainText('<script>window.harmed = 1</script><img src="x"');
  await expect(output).toContainText(String.raw`\xff\xfe broken \x80 text`);
  await expect(output).toContainText('red plain');
  const colour = (text: string) =>
    output.getByText(text, { exact: true }).evaluate(found => getComputedStyle(found).color);
  expect(await colour('red')).not.toBe(await colour('plain hidden'));

  const search = view.getByRole('searchbox', { name: 'Search the output' });
  await search.fill('the needle');
  await search.press('Enter');
  await expect(view.getByRole('search')).toContainText('1 of 1');
  await expect(output.getByText('the needle')).toBeInViewport();
  await search.fill('line 0654321');
  await search.press('Enter');
  await expect(output.getByText('line 0654321')).toBeInViewport();
  await search.fill('there is no such line');
  await expect(view.getByRole('search')).toContainText('no matches');

  await view.getByRole('button', { name: 'Jump to end' }).click();
  await expect(output.getByText('the end')).toBeInViewport();
  expect(await page.evaluate(() => 'harmed' in window)).toBe(false);
  expect(await page.title()).toBe(title);
  expect(await output.locator('script, img').count()).toBe(0);
  // The page holds what is in sight, not a million lines.
  expect(await output.locator('*').count()).toBeLessThan(2000);
});
