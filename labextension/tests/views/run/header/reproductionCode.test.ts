import { describe, expect, it } from 'vitest';

import { definingParams } from '../../../../src/views/run/header/definingParams';
import { reproductionCode } from '../../../../src/views/run/header/reproductionCode';
import type { SweepDetail } from '../../../../src/api/schemas';
import { aRun } from '../../../factories';

const SPEC = {
  method: 'bayes',
  metric: { name: 'loss', goal: 'minimize' },
  early_terminate: { type: 'hyperband' },
  parameters: {
    lr: { distribution: 'log_uniform_values', min: 0.001, max: 0.1 },
    'opt.name': { values: ['adam', 'sgd'] },
    model: { parameters: { width: { values: [8, 16] }, norm: { value: true } } },
    seed: { distribution: 'constant', value: 7 }
  }
};
const DETAIL: SweepDetail = {
  id: 'abc',
  spec: SPEC,
  yaml: '',
  kind: 'cell',
  code: 'print(1)\n',
  line: '%%wandb_sweep config --count 9',
  captured: [],
  imports: [],
  python: '',
  directory: '',
  notebook: null,
  options: {}
};
const RUN = aRun(4, {
  params: { lr: 0.01, 'opt.name': 'adam', 'model.width': 16, 'model.norm': true, seed: 7 }
});

describe('the defining parameters', () => {
  it('are those that can differ between runs', () => {
    expect(definingParams(RUN, SPEC)).toEqual([
      ['lr', 0.01],
      ['opt.name', 'adam'],
      ['model.width', 16]
    ]);
  });

  it('are all if none can differ, or if that is unknown', () => {
    expect(definingParams(RUN)).toHaveLength(5);
    expect(definingParams(aRun(0, { params: { seed: 7 } }), SPEC)).toEqual([['seed', 7]]);
  });
});

describe('a reproduction', () => {
  it('has a single choice for each parameter, at its original position', () => {
    expect(reproductionCode(RUN, 'digits', DETAIL).config).toBe(`config = {
    "name": "digits, run 4 again",
    "method": "grid",
    "metric": {
        "name": "loss",
        "goal": "minimize",
    },
    "parameters": {
        "lr": {
            "value": 0.01,
        },
        "opt.name": {
            "value": "adam",
        },
        "model": {
            "parameters": {
                "width": {
                    "value": 16,
                },
                "norm": {
                    "value": True,
                },
            },
        },
        "seed": {
            "value": 7,
        },
    },
}
`);
  });

  it('is started in the same way as the sweep', () => {
    expect(reproductionCode(RUN, 'digits', DETAIL).start).toBe(
      '%%wandb_sweep config --count 1\nprint(1)\n'
    );
    const command = {
      ...DETAIL,
      kind: 'command' as const,
      spec: { ...SPEC, program: 'train.py' }
    };
    const { config, start } = reproductionCode(RUN, 'digits', command);
    expect(config).toContain('"program": "train.py"');
    expect(start).toContain('start(config, count=1)');
  });
});
