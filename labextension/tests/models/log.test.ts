import { describe, expect, it, vi } from 'vitest';

import { LogBuffer, PAGE_LINES } from '../../src/models/logBuffer';
import { LogSearch } from '../../src/models/logSearch';
import {
  LINE_HEIGHT,
  positionAt,
  scrollTopOf,
  scrollHeight,
  visibleRange
} from '../../src/views/run/logs/scrollMapping';
import type { LogMatches, LogPage } from '../../src/api/schemas';

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
  it('are available if they came from the end or were requested', () => {
    const lines = new LogBuffer();
    lines.appendTail(page(1900, 100, 2000));
    expect([lines.total, lines.get(1999), lines.get(1899)]).toEqual([2000, '1999', undefined]);
    expect(lines.firstMissingPage(0, 10)).toBe(0);
    expect(lines.firstMissingPage(1890, 2000)).toBe(3);
    expect(lines.firstMissingPage(1950, 5000)).toBeNull();
    lines.insert(page(3 * PAGE_LINES, PAGE_LINES, 2000));
    expect(lines.firstMissingPage(1500, 2000)).toBeNull();
  });

  it('are requested again if the last one may have grown', () => {
    const lines = new LogBuffer();
    lines.appendTail(page(0, 10, 10));
    lines.appendTail(page(300, 100, 400));
    expect([lines.get(8), lines.get(9)]).toEqual(['8', undefined]);
    const outdated = page(0, 10, 10);
    outdated.lines[9] = 'half';
    lines.insert(outdated);
    expect(lines.get(9)).toBeUndefined();
  });

  it('are reset if the output is', () => {
    const lines = new LogBuffer();
    lines.appendTail(page(0, 10, 10));
    lines.appendTail(page(0, 2, 2));
    expect([lines.total, lines.get(1), lines.get(5)]).toEqual([2, '1', undefined]);
  });

  it('are evicted if they were not used for long', () => {
    const lines = new LogBuffer();
    const total = 100 * PAGE_LINES;
    for (let number = 0; number < 60; number += 1) {
      lines.insert(page(number * PAGE_LINES, PAGE_LINES, total));
      lines.touch(0, 10);
    }
    expect(lines.get(0)).toBe('0');
    expect(lines.get(5 * PAGE_LINES)).toBeUndefined();
    expect(lines.get(59 * PAGE_LINES)).toBe(String(59 * PAGE_LINES));
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

  it('starts near the visible lines, and wraps around', async () => {
    const search = new LogSearch(server(10, 100));
    await search.find('x', 35);
    expect([search.lines.length, search.currentLine]).toEqual([10, 40]);
    await search.step(-1);
    expect(search.currentLine).toBe(30);
    await search.find('y', 95);
    expect(search.currentLine).toBe(90);
    await search.step(1);
    expect(search.currentLine).toBe(0);
    await search.step(-1);
    expect(search.currentLine).toBe(90);
  });

  it('loads further matches as needed', async () => {
    const search = new LogSearch(server(1, 35_000));
    await search.find('x', 12_345);
    expect([search.lines.length, search.hasMore, search.currentLine]).toEqual([
      20_000,
      true,
      12_345
    ]);
    await search.find('y', 0);
    expect(search.lines).toHaveLength(10_000);
  });

  it('searches only new lines when the output grows', async () => {
    let total = 20;
    const ask = vi.fn((text: string, first: number) => server(10, total)(text, first, 10_000));
    const search = new LogSearch(ask);
    search.onLogGrown(total);
    await search.find('x', 0);
    total = 50;
    search.onLogGrown(total);
    await vi.waitFor(() => expect(search.lines).toEqual([0, 10, 20, 30, 40]));
    expect(ask.mock.calls.map(call => call[1])).toEqual([0, 19]);
    expect(search.currentLine).toBe(0);
  });

  it('reports when there is no match, or an error', async () => {
    const search = new LogSearch(server(10, 100));
    await search.find('none', 0);
    expect([search.lines, search.hasMore, search.currentLine, search.matchIndex]).toEqual([
      [],
      false,
      null,
      -1
    ]);
    const broken = new LogSearch(() => Promise.reject(new Error('The server is gone.')));
    await broken.find('x', 0);
    expect(broken.problem).toBe('The server is gone.');
  });

  it('ignores responses to an older search', async () => {
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

    it(`represents any of ${total} lines, and the end`, () => {
      const line = Math.floor(total / 3);
      const place = positionAt(scrollTopOf({ line, fraction: 0.5 }, extent), extent);
      expect(Math.abs((place?.line ?? -1) - line)).toBeLessThanOrEqual(1);
      expect(positionAt(0, extent)).toEqual({ line: 0, fraction: 0 });
      expect(positionAt(scrollTopOf(null, extent), extent)).toBeNull();
      expect(scrollHeight(extent)).toBeLessThanOrEqual(8_000_000);
    });
  }

  it('is missing if all lines are visible', () => {
    const extent = { total: 3, height };
    expect(scrollHeight(extent)).toBe(height);
    expect(positionAt(0, extent)).toBeNull();
  });

  it('renders the visible lines, and some more', () => {
    const extent = { total: 1000, height: 10 * LINE_HEIGHT };
    expect(visibleRange({ line: 500, fraction: 0 }, extent, 5)).toEqual([495, 516]);
    expect(visibleRange({ line: 0, fraction: 0 }, extent, 5)).toEqual([0, 16]);
    expect(visibleRange(null, extent, 5)).toEqual([984, 1000]);
    expect(visibleRange(null, { total: 0, height }, 5)).toEqual([0, 0]);
  });
});
