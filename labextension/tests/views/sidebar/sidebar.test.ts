import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import {
  groupSweeps,
  type ISweepGroup,
  matchesFilter,
  unreadableMatchesFilter
} from '../../../src/views/sidebar/sweepGroups';
import { accessibleLabel } from '../../../src/views/sidebar/SweepItem';
import { buildNodes, rowForKey } from '../../../src/views/sidebar/treeNodes';
import { aSweep } from '../../sweeps';

const ids = (groups: readonly ISweepGroup[]) =>
  groups.map(({ sweeps }) => sweeps.map(({ id }) => id).join(' '));

describe('the groups of the sidebar', () => {
  it('separate sweeps that are active, or wait for the user, from ended ones', () => {
    const sweeps = [
      aSweep('a', { state: 'running' }),
      aSweep('b', { state: 'paused' }),
      aSweep('c', { state: 'died' }),
      aSweep('d'),
      aSweep('e', { state: 'failed' })
    ];
    expect(ids(groupSweeps(sweeps))).toEqual(['a b c', 'd e']);
  });

  it('keep all positions while they are held, and append new sweeps', () => {
    const before = groupSweeps([aSweep('a', { state: 'running' }), aSweep('b'), aSweep('c')]);
    const now = [aSweep('n', { state: 'running' }), aSweep('a', { ended: 31 }), aSweep('c')];
    const held = groupSweeps(now, before);
    expect(ids(held)).toEqual(['a n', 'c']);
    expect(held[0].sweeps[0].ended).toBe(31);
    expect(ids(groupSweeps(now))).toEqual(['n', 'a c']);
  });
});

describe('the filter of the sidebar', () => {
  const sweep = aSweep('abc', { name: 'digits-Bayes', cause: 'the first 3 runs failed' });

  it.each([
    ['', true],
    ['  ', true],
    ['bayes', true],
    ['BAYES digits', true],
    ['failed', true],
    ['abc', true],
    ['bayes mnist', false]
  ])('finds the words %j anywhere in any order', (text, found) => {
    expect(matchesFilter(sweep, { text, states: [] })).toBe(found);
  });

  it('passes the chosen states', () => {
    expect(matchesFilter(sweep, { text: '', states: ['running', 'finished'] })).toBe(true);
    expect(matchesFilter(sweep, { text: 'bayes', states: ['running'] })).toBe(false);
  });

  it('excludes unreadable sweeps if states are chosen', () => {
    const unreadable = { id: 'x', name: 'old', reason: 'damaged' };
    expect(unreadableMatchesFilter(unreadable, { text: 'old', states: [] })).toBe(true);
    expect(unreadableMatchesFilter(unreadable, { text: '', states: ['died'] })).toBe(false);
  });
});

describe('the tree of the sidebar', () => {
  const groups = groupSweeps([aSweep('a', { state: 'running' }), aSweep('b'), aSweep('c')]);
  const unreadable = [{ id: 'x', name: 'old', reason: 'damaged' }];
  const nodes = buildNodes(groups, unreadable, () => false);
  const row = (key: string) => nodes.findIndex(node => node.key === key);

  it('has a row for each group and each sweep', () => {
    const keys = nodes.map(({ key }) => key);
    expect(keys).toEqual(['running', 'a', 'earlier', 'b', 'c', 'unreadable', 'x']);
    expect(nodes[row('c')]).toMatchObject({ position: 2, siblingCount: 2 });
    expect(nodes[row('unreadable')]).toMatchObject({ position: 3, siblingCount: 3, count: 1 });
  });

  it('hides the sweeps of a collapsed group, and shows their number', () => {
    const folded = buildNodes(groups, [], name => name === 'earlier');
    expect(folded.map(({ key }) => key)).toEqual(['running', 'a', 'earlier']);
    expect(folded[2]).toMatchObject({ folded: true, count: 2, position: 2, siblingCount: 2 });
  });

  it('has no group without sweeps', () => {
    expect(buildNodes(groupSweeps([]), [], () => false)).toEqual([]);
  });

  it.each([
    ['ArrowDown', 'a', 'earlier'],
    ['ArrowDown', 'x', 'x'],
    ['ArrowUp', 'running', 'running'],
    ['Home', 'c', 'running'],
    ['End', 'a', 'x'],
    ['ArrowLeft', 'c', 'earlier'],
    ['ArrowRight', 'earlier', 'b']
  ])('%s moves from %s to %s', (key, from, to) => {
    expect(nodes[rowForKey(key, nodes, row(from)) ?? -1].key).toBe(to);
  });

  it('ignores keys that do not move: they collapse, open, or are unknown', () => {
    expect(rowForKey('ArrowLeft', nodes, row('earlier'))).toBeNull();
    expect(rowForKey('ArrowRight', nodes, row('b'))).toBeNull();
    expect(rowForKey('Enter', nodes, row('b'))).toBeNull();
    const folded = buildNodes(groups, [], () => true);
    expect(rowForKey('ArrowRight', folded, 0)).toBeNull();
  });
});

describe('the accessible label of a sweep', () => {
  const trans = nullTranslator.load('wandb_magic');

  it('says everything that is shown', () => {
    const sweep = aSweep('a', { state: 'running', ended: 18, failed: 1, remaining: 242 });
    expect(accessibleLabel(sweep, trans)).toBe(
      'sweep a, running, 18 of 30 runs, best 0.9134, 4 m 2 s left, 1 failed'
    );
  });

  it('says why a sweep is not running', () => {
    const paused = aSweep('a', { state: 'paused', cause: 'the first 3 runs failed', best: null });
    expect(accessibleLabel(paused, trans)).toContain('the first 3 runs failed');
    expect(accessibleLabel(aSweep('a', { state: 'died' }), trans)).toContain(
      'supervisor is not running'
    );
  });
});
