/** Says which colour stands for which value. */

import type { ReactElement } from 'react';

import { formatNumber } from '../format';
import { useLab } from '../lab';
import type { IGoodness } from './goodness';
import { css, goodness } from './palette';
import { useColours } from './theme';

const STEPS = 8;

export function ColourBar({ title, scale }: { title: string; scale: IGoodness }): ReactElement {
  const { trans } = useLab();
  const { dark } = useColours();
  const stops = Array.from({ length: STEPS + 1 }, (_, step) => css(goodness(step / STEPS, dark)));
  return (
    <span className="jp-wm-ColourBar">
      {title} {formatNumber(scale.worst)}
      <i
        role="img"
        aria-label={trans.__('Colours from the worst to the best')}
        style={{ background: `linear-gradient(to right, ${stops.join(', ')})` }}
      />
      {formatNumber(scale.best)}
    </span>
  );
}
