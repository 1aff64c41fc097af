import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CachedQuery } from '../../src/models/cachedQuery';

const PAUSE = 5000;

describe('a cached query', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const passed = (ms: number) => vi.advanceTimersByTimeAsync(ms);

  it('fetches once per state, and not too often', async () => {
    const ask = vi.fn(() => Promise.resolve(ask.mock.calls.length));
    const fetched = new CachedQuery(ask, PAUSE);
    fetched.ensureFresh('one');
    fetched.ensureFresh('one');
    await passed(0);
    expect(fetched.value).toBe(1);
    fetched.ensureFresh('one');
    await passed(2 * PAUSE);
    expect(ask).toHaveBeenCalledTimes(1);
    fetched.ensureFresh('two');
    await passed(0);
    expect(ask).toHaveBeenCalledTimes(2);
    fetched.ensureFresh('three');
    fetched.ensureFresh('four');
    await passed(PAUSE - 1);
    expect(ask).toHaveBeenCalledTimes(2);
    expect(fetched.value).toBe(2);
    await passed(1);
    expect(fetched.value).toBe(3);
    await passed(2 * PAUSE);
    expect(ask).toHaveBeenCalledTimes(3);
  });

  it('fetches again if results changed during the request', async () => {
    let answer: (value: string) => void = () => undefined;
    const ask = vi.fn(() => new Promise<string>(resolve => (answer = resolve)));
    const fetched = new CachedQuery(ask, PAUSE);
    fetched.ensureFresh(1);
    await passed(0);
    fetched.ensureFresh(2);
    answer('old');
    await passed(0);
    expect(fetched.value).toBe('old');
    await passed(PAUSE);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('does not fetch while paused', async () => {
    const ask = vi.fn(() => Promise.resolve(1));
    const fetched = new CachedQuery(ask, PAUSE);
    fetched.ensureFresh(1);
    fetched.pause();
    await passed(2 * PAUSE);
    expect(ask).not.toHaveBeenCalled();
    fetched.ensureFresh(1);
    await passed(0);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('keeps its value when a request fails, and reports the error', async () => {
    let failing = false;
    const ask = () => (failing ? Promise.reject(new Error('busy')) : Promise.resolve('fine'));
    const fetched = new CachedQuery(ask, PAUSE);
    const changed = vi.fn();
    fetched.changed.connect(changed);
    fetched.ensureFresh(1);
    await passed(0);
    failing = true;
    fetched.refresh();
    await passed(0);
    expect([fetched.value, fetched.problem]).toEqual(['fine', 'busy']);
    // A failed request is not retried while nothing changes.
    await passed(10 * PAUSE);
    failing = false;
    fetched.refresh();
    await passed(0);
    expect(fetched.problem).toBe('');
    expect(changed).toHaveBeenCalledTimes(3);
  });
});
