import { expect, test } from 'vitest';

import { alertsOf } from '../../../../src/views/run/header/alerts';

test('a run shows its own alerts', () => {
  const notices = ['alert of run 1: low: x', 'alert of run 11: high', 'running offline'];
  expect(alertsOf(notices, 1)).toEqual(['low: x']);
  expect(alertsOf(notices, 11)).toEqual(['high']);
  expect(alertsOf(notices, 2)).toEqual([]);
});
