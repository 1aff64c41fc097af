import { describe, expect, it } from 'vitest';

import { isSameTarget, LINK_PATTERN, parseLink, withLink } from '../../src/models/links';
import { ViewTab } from '../../src/models/viewTab';

const HUB = 'https://hub.example/user/ann%20b/lab/tree/a%20b.ipynb';

describe('links', () => {
  it('name a sweep or a run, and a tab', () => {
    const sweep = { sweep: 'abcd1234', tab: 'curves' };
    const run = { sweep: 'abcd1234', run: 'run00001', tab: '' };
    for (const link of [sweep, run]) {
      const url = withLink(HUB, link);
      expect(url.startsWith(`${HUB}?wandb-sweep=abcd1234`)).toBe(true);
      expect(parseLink(new URL(url).search)).toEqual(link);
      expect(url).toMatch(LINK_PATTERN);
    }
    expect(withLink(withLink(HUB, sweep), run)).toBe(withLink(HUB, run));
  });

  it('keep everything else in the URL, and leave it as it was', () => {
    const href = `${HUB}?reset=a+b%20c&x#part`;
    expect(withLink(href, null)).toBe(href);
    const url = new URL(withLink(href, { sweep: 'abcd1234', tab: '' }));
    expect([url.searchParams.get('reset'), url.hash]).toEqual(['a b c', '#part']);
    expect(withLink(`${HUB}?wandb-sweep=abcd1234&wandb-tab=runs`, null)).toBe(HUB);
  });

  it.each(['', '?sweep=abcd1234', '?wandb-sweep=', '?wandb-sweep=../x', '?wandb-run=a'])(
    'are not in %j',
    search => expect(parseLink(search)).toBeNull()
  );

  it('do not open a run whose id is not one', () => {
    expect(parseLink('?wandb-sweep=abcd1234&wandb-run=a/../b')).toBeNull();
  });

  it('have the same target in whatever tab', () => {
    const link = { sweep: 'abcd1234', tab: 'runs' };
    expect(isSameTarget(link, { ...link, tab: '' })).toBe(true);
    expect(isSameTarget(link, { ...link, run: 'run00001' })).toBe(false);
    expect(isSameTarget(link, null)).toBe(false);
    expect(isSameTarget(null, null)).toBe(true);
  });
});

describe('the tab of a view', () => {
  it('is requested until the view takes it', () => {
    const tab = new ViewTab();
    const names: [string, string | null][] = [];
    tab.changed.connect(() => names.push([tab.name, tab.requested]));
    tab.set('overview');
    tab.set('overview');
    tab.request('');
    tab.request('overview');
    tab.request('runs');
    expect(names).toEqual([
      ['overview', null],
      ['overview', 'runs']
    ]);
    expect([tab.take(), tab.take()]).toEqual(['runs', null]);
  });
});
