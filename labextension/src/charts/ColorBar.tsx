/** Shows which color stands for which value. */

import type { ReactElement } from 'react';

import { formatNumber } from '../format';
import { usePanelContext } from '../components/context';
import type { IObjectiveScale } from './objectiveScale';
import { toCss, objectiveColor } from './palette';
import { useThemeColors } from './theme';

const STEPS = 8;

export function ColorBar({
  title,
  scale
}: {
  title: string;
  scale: IObjectiveScale;
}): ReactElement {
  const { trans } = usePanelContext();
  const { isDark } = useThemeColors();
  const stops = Array.from({ length: STEPS + 1 }, (_, step) =>
    toCss(objectiveColor(step / STEPS, isDark))
  );
  return (
    <span className="jp-wm-ColorBar">
      {title} {formatNumber(scale.worst)}
      <i
        role="img"
        aria-label={trans.__('Color scale from worst to best')}
        style={{ background: `linear-gradient(to right, ${stops.join(', ')})` }}
      />
      {formatNumber(scale.best)}
    </span>
  );
}
