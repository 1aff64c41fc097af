import { describe, expect, it } from 'vitest';

import { completionOf } from '../../../src/models/query/completion';
import { parseQuery } from '../../../src/models/query/query';
import { aRun } from '../../factories';

const names = ['lr', 'optimizer', 'val size', 'val/accuracy', 'and'];
const rows = [
  aRun(0, { tags: ['best', 'first try'], params: { optimizer: 'adam', amp: true } }),
  aRun(1, { params: { optimizer: 'two words', layers: ['a', 'b'], none: null } })
];
const options = (text: string) => completionOf(text, text.length, names, rows).options;

describe('completions', () => {
  it('are names where a condition begins', () => {
    expect(options('')).toEqual(expect.arrayContaining(['lr', '`val size`', '`and`', 'state']));
    expect(options('val')).toEqual(['`val size`', 'val/accuracy', 'value']);
    expect(options('lr < 1 and (st')).toEqual(['started', 'state', 'host']);
    expect(options('not opt')).toEqual(['optimizer']);
  });

  it('are operators after a name, and connections after a condition', () => {
    expect(options('lr ')).toContain('<=');
    expect(options('`val size` ')).toContain('in [');
    expect(options('config.lr ')).toContain('==');
    expect(options('lr < 1 ')).toEqual(['and', 'or']);
    expect(options('adam ')).toEqual(['and', 'or']);
    expect(options('tag:best a')).toEqual(['and']);
  });

  it('are the values of a name after its operator, and in its list', () => {
    expect(options('state == f')).toEqual(['finished', 'failed']);
    expect(options('optimizer = ')).toEqual(['"two words"', 'adam']);
    expect(options('layers == ')).toEqual(['a', 'b']);
    expect(options('amp == ')).toEqual(['true']);
    expect(options('none == ')).toEqual(['none']);
    expect(options('optimizer in [')).toEqual(['"two words"', 'adam']);
    expect(options('optimizer not in [x, a')).toEqual(['adam']);
    expect(options('state in [failed')).toEqual([]);
    expect(options('state in [failed ')).toEqual([',', ']']);
    expect(options('lr < ')).toEqual([]);
    expect(options('tag:')).toEqual(['tag:"first try"', 'tag:best']);
    expect(options('has:val')).toEqual(['has:`val size`', 'has:val/accuracy', 'has:value']);
  });

  it('are none within quotes, and replace the word before the cursor', () => {
    expect(options('name == "b')).toEqual([]);
    expect(completionOf('lr < 1 an state == failed', 9, names, rows)).toEqual({
      start: 7,
      end: 9,
      options: ['and']
    });
  });

  it('of names and values are right queries', () => {
    for (const name of options('').filter(name => !name.endsWith(':') && name !== 'not')) {
      const number = name === 'state' ? 'failed' : '1';
      expect(() => parseQuery(`${name} == ${number}`)).not.toThrow();
    }
    for (const text of options('optimizer == ')) {
      expect(rows.filter(parseQuery(`optimizer == ${text}`).test)).toHaveLength(1);
    }
    for (const tag of options('tag:')) {
      expect(rows.filter(parseQuery(tag).test)).toHaveLength(1);
    }
  });
});
