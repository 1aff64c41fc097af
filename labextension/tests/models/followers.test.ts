import { expect, it } from 'vitest';

import { Followers } from '../../src/models/followers';

it('opens with the first follower and closes with the last, once each', () => {
  const calls: string[] = [];
  const followers = new Followers(
    () => void calls.push('open'),
    () => void calls.push('close')
  );
  const [first, second] = [followers.add(), followers.add()];
  first.dispose();
  first.dispose();
  expect([followers.count, calls]).toEqual([1, ['open']]);
  second.dispose();
  expect(calls).toEqual(['open', 'close']);
  const third = followers.add();
  followers.clear();
  third.dispose();
  expect([followers.count, calls]).toEqual([0, ['open', 'close', 'open', 'close']]);
});
