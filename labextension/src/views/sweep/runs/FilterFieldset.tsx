/** The frame of a filter on one column: its title, its fields, and a button that clears it. */

import type { ReactElement, ReactNode } from 'react';

import { Button } from '../../../components/Button';
import { usePanelContext } from '../../../components/context';

export function FilterFieldset({
  title,
  isEmpty,
  onClear,
  children
}: {
  title: string;
  /** Whether there is nothing to clear. */
  isEmpty: boolean;
  onClear: () => void;
  children: ReactNode;
}): ReactElement {
  const { trans } = usePanelContext();
  return (
    <fieldset className="jp-wm-FilterFieldset">
      <legend>{title}</legend>
      {children}
      <Button label={trans.__('Clear')} disabled={isEmpty} onClick={onClear} />
    </fieldset>
  );
}
