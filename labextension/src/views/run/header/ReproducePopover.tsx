/** Shows the code that runs the parameters of this run again, ready to be copied. */

import type { ReactElement } from 'react';

import { usePanelContext } from '../../../components/context';
import { CopyButton } from '../../../components/CopyButton';
import { Popover } from '../../../components/Popover';
import { CodeBlock } from '../../../components/CodeBlock';
import type { RunRow, SweepDetail } from '../../../api/schemas';
import { reproductionCode } from './reproductionCode';

export function ReproducePopover({
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
  const { trans } = usePanelContext();
  const { config, start } = reproductionCode(row, name, detail);
  return (
    <Popover anchor={anchor} label={trans.__('Reproduce')} onClose={onClose}>
      <div className="jp-wm-Reproduce">
        <p>{trans.__('A config with fixed parameters, in one cell:')}</p>
        <CopyableCode text={config} label={trans.__('Copy the config')} />
        <p>
          {detail.kind === 'cell'
            ? trans.__('and the cell of the sweep, which runs once with this config:')
            : trans.__('and the code that runs it once:')}
        </p>
        <CopyableCode text={start} label={trans.__('Copy the code')} />
      </div>
    </Popover>
  );
}

function CopyableCode({ text, label }: { text: string; label: string }): ReactElement {
  return (
    <div className="jp-wm-Reproduce-code">
      <CodeBlock text={text} />
      <CopyButton text={text} label={label} />
    </div>
  );
}
