/** Discloses that plots move runs that would hide each other. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { formatNumber } from '../../format';
import { MAX_JITTER } from '../../charts/scale';

export function jitterNote(trans: TranslationBundle): string {
  return trans.__(
    'Runs of one category are spread at random, by at most %1 % of the axis, so that they do not hide each other.',
    formatNumber(50 * MAX_JITTER)
  );
}
