/** Shows what runs the parameters of this run once more, ready to be copied. */

import type { ReactElement } from 'react';

import { useLab } from '../../../lab';
import { Copy } from '../../../parts/Copy';
import { Popover } from '../../../parts/Popover';
import { Source } from '../../../parts/Source';
import type { RunRow, SweepDetail } from '../../../wire';
import { reproduction } from './reproduce';

export function Reproduce({
  row,
  name,
  detail,
  anchor,
  onClose
}: {
  row: RunRow;
  name: string;
  detail: SweepDetail;
  anchor: HTMLElement;
  onClose: () => void;
}): ReactElement {
  const { trans } = useLab();
  const { config, start } = reproduction(row, name, detail);
  return (
    <Popover anchor={anchor} label={trans.__('Reproduce')} onClose={onClose}>
      <div className="jp-wm-Reproduce">
        <p>{trans.__('A config that leaves no choice, in one cell:')}</p>
        <Code text={config} label={trans.__('Copy the config')} />
        <p>
          {detail.kind === 'cell'
            ? trans.__('and the cell of the sweep, which runs once with it:')
            : trans.__('and what runs it once:')}
        </p>
        <Code text={start} label={trans.__('Copy what starts it')} />
      </div>
    </Popover>
  );
}

function Code({ text, label }: { text: string; label: string }): ReactElement {
  return (
    <div className="jp-wm-Reproduce-code">
      <Source text={text} />
      <Copy text={text} label={label} />
    </div>
  );
}
