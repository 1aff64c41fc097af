import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';

import { bandNote } from '../../../../src/views/sweep/curves/CurveCard';

const trans = nullTranslator.load('wandb_magic');

test('a band says of which runs it is', () => {
  const note = (runs: number, fewest: number, total: number) =>
    bandNote(trans, { runs, fewest, total }, false);
  expect(note(9, 9, 9)).toBe('Grey: median and quartiles of all 9 runs');
  expect(note(9, 2, 9)).toBe('Grey: median and quartiles of all 9 runs; of only 2 in places');
  expect(note(9, 9, 20)).toBe('Grey: median and quartiles of 9 of 20 runs');
  expect(note(9, 2, 20)).toBe('Grey: median and quartiles of 9 of 20 runs; of only 2 in places');
});
