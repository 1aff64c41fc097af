import { describe, expect, it, vi } from 'vitest';

import { LogLines, PAGE } from '../src/loglines';
import { LogSearch } from '../src/logsearch';
import { LINE_HEIGHT, placeOf, scrollOf, tallness, windowOf } from '../src/panel/run/logs/scroll';
import type { LogMatches, LogPage } from '../src/wire';

/** A page of an output of `total` numbered lines. */
function page(
  first: number,
  count: number,
  total: number,
  changes: Partial<LogPage> = {}
): LogPage {
  const lines = Array.from({ length: Math.min(count, total - first) }, (_, index) =>
    String(first + index)
  );
  return { first, lines, total, size: 100 * total, ended: false, ...changes };
}

describe('lines of an output', () => {
  it('are known where they came from the end or were asked for', () => {
    const lines = new LogLines();
    lines.follow(page(1900, 100, 2000));
    expect([lines.total, lines.get(1999), lines.get(1899)]).toEqual([2000, '1999', undefined]);
    expect(lines.missing(0, 10)).toBe(0);
    expect(lines.missing(1890, 2000)).toBe(3);
    expect(lines.missing(1950, 5000)).toBeNull();
    lines.take(page(3 * PAGE, PAGE, 2000));
    expect(lines.missing(1500, 2000)).toBeNull();
  });

  it('are asked for again where the last one may have gone on', () => {
    const lines = new LogLines();
    lines.follow(page(0, 10, 10));
    lines.follow(page(300, 100, 400));
    expect([lines.get(8), lines.get(9)]).toEqual(['8', undefined]);
    const outdated = page(0, 10, 10);
    outdated.lines[9] = 'half';
    lines.take(outdated);
    expect(lines.get(9)).toBeUndefined();
  });

  it('begin anew where the output does', () => {
    const lines = new LogLines();
    lines.follow(page(0, 10, 10));
    lines.follow(page(0, 2, 2));
    expect([lines.total, lines.get(1), lines.get(5)]).toEqual([2, '1', undefined]);
  });

  it('are forgotten where nobody has looked for long', () => {
    const lines = new LogLines();
    const total = 100 * PAGE;
    for (let number = 0; number < 60; number += 1) {
      lines.take(page(number * PAGE, PAGE, total));
      lines.touch(0, 10);
    }
    expect(lines.get(0)).toBe('0');
    expect(lines.get(5 * PAGE)).toBeUndefined();
    expect(lines.get(59 * PAGE)).toBe(String(59 * PAGE));
  });
});

describe('a search', () => {
  /** A server that finds the text in every `each`-th line. */
  const server = (each: number, total: number) =>
    vi.fn((text: string, first: number, limit: number): Promise<LogMatches> => {
      const found = Array.from({ length: Math.ceil(total / each) }, (_, index) => each * index);
      const lines = text === 'none' ? [] : found.filter(line => line >= first);
      return Promise.resolve({ lines: lines.slice(0, limit), more: lines.length > limit });
    });

  it('begins near where one looks, and goes round', async () => {
    const search = new LogSearch(server(10, 100));
    await search.find('x', 35);
    expect([search.lines.length, search.line]).toEqual([10, 40]);
    await search.step(-1);
    expect(search.line).toBe(30);
    await search.find('y', 95);
    expect(search.line).toBe(90);
    await search.step(1);
    expect(search.line).toBe(0);
    await search.step(-1);
    expect(search.line).toBe(90);
  });

  it('goes on part by part as far as it has to', async () => {
    const search = new LogSearch(server(1, 35_000));
    await search.find('x', 12_345);
    expect([search.lines.length, search.more, search.line]).toEqual([20_000, true, 12_345]);
    await search.find('y', 0);
    expect(search.lines).toHaveLength(10_000);
  });

  it('looks only through what is new when the output grows', async () => {
    let total = 20;
    const ask = vi.fn((text: string, first: number) => server(10, total)(text, first, 10_000));
    const search = new LogSearch(ask);
    search.grown(total);
    await search.find('x', 0);
    total = 50;
    search.grown(total);
    await vi.waitFor(() => expect(search.lines).toEqual([0, 10, 20, 30, 40]));
    expect(ask.mock.calls.map(call => call[1])).toEqual([0, 19]);
    expect(search.line).toBe(0);
  });

  it('says so where there is none, or no answer', async () => {
    const search = new LogSearch(server(10, 100));
    await search.find('none', 0);
    expect([search.lines, search.more, search.line, search.place]).toEqual([[], false, null, -1]);
    const broken = new LogSearch(() => Promise.reject(new Error('The server is gone.')));
    await broken.find('x', 0);
    expect(broken.problem).toBe('The server is gone.');
  });

  it('forgets an answer to an older question', async () => {
    let answer: (found: LogMatches) => void = () => undefined;
    const slow = new Promise<LogMatches>(done => (answer = done));
    const search = new LogSearch(text => (text === 'old' ? slow : server(10, 100)(text, 0, 99)));
    const old = search.find('old', 0);
    await search.find('new', 0);
    answer({ lines: [7], more: false });
    await old;
    expect(search.lines).not.toContain(7);
  });
});

describe('the scrollbar', () => {
  const height = 500;
  for (const total of [100, 10_000, 50_000_000]) {
    const extent = { total, height };

    it(`stands for any of ${total} lines, and the end`, () => {
      const line = Math.floor(total / 3);
      const place = placeOf(scrollOf({ line, part: 0.5 }, extent), extent);
      expect(Math.abs((place?.line ?? -1) - line)).toBeLessThanOrEqual(1);
      expect(placeOf(0, extent)).toEqual({ line: 0, part: 0 });
      expect(placeOf(scrollOf(null, extent), extent)).toBeNull();
      expect(tallness(extent)).toBeLessThanOrEqual(8_000_000);
    });
  }

  it('is not there where all can be seen', () => {
    const extent = { total: 3, height };
    expect(tallness(extent)).toBe(height);
    expect(placeOf(0, extent)).toBeNull();
  });

  it('has the lines rendered that can be seen, and some more', () => {
    const extent = { total: 1000, height: 10 * LINE_HEIGHT };
    expect(windowOf({ line: 500, part: 0 }, extent, 5)).toEqual([495, 516]);
    expect(windowOf({ line: 0, part: 0 }, extent, 5)).toEqual([0, 16]);
    expect(windowOf(null, extent, 5)).toEqual([984, 1000]);
    expect(windowOf(null, { total: 0, height }, 5)).toEqual([0, 0]);
  });
});
