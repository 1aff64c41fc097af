import { describe, expect, it } from 'vitest';

import { type IJsonNode, toNodes } from '../../../../src/views/run/config/jsonNodes';

const DOCUMENT = {
  layer10: 1,
  layer2: 0.1,
  optimizer: { name: 'adam', betas: [0.9, 0.999], empty: {} },
  nothing: null,
  grad: { _type: 'histogram', bins: [1, 2, 3] }
};

/** The names of all nodes, depth first. */
function names(nodes: readonly IJsonNode[]): unknown[] {
  return nodes.map(({ name, children }) => (children ? [name, names(children())] : name));
}

describe('a document', () => {
  it('is sorted, numbers by value', () => {
    expect(toNodes(DOCUMENT).map(node => node.name)).toEqual([
      'grad',
      'layer2',
      'layer10',
      'nothing',
      'optimizer'
    ]);
  });

  it('previews a value or branch in one line', () => {
    const texts = Object.fromEntries(toNodes(DOCUMENT).map(node => [node.name, node.text]));
    expect(texts).toEqual({
      grad: 'histogram',
      layer2: '0.1',
      layer10: '1',
      nothing: 'null',
      optimizer: '{name: "adam",betas: [0.9,0.999],empty: {}}'
    });
    expect(toNodes({ many: Array.from({ length: 500 }, () => 1) })[0].text).toMatch(
      /^\(500\) \[1,1.*…$/
    );
  });

  it('has branches that can be expanded, except empty ones', () => {
    const optimizer = toNodes(DOCUMENT).find(node => node.name === 'optimizer');
    expect(names(optimizer?.children?.() ?? [])).toEqual(['name', ['betas', ['0', '1']], 'empty']);
  });

  it('is searched by names and values, down to the last branch', () => {
    expect(names(toNodes(DOCUMENT, 'adam'))).toEqual([['optimizer', ['name']]]);
    expect(names(toNodes(DOCUMENT, '0.999'))).toEqual([['optimizer', [['betas', ['1']]]]]);
    expect(names(toNodes(DOCUMENT, 'LAYER'))).toEqual(['layer2', 'layer10']);
    expect(toNodes(DOCUMENT, 'nowhere')).toEqual([]);
  });

  it('shows everything below a branch whose name matches', () => {
    expect(names(toNodes(DOCUMENT, 'optim'))).toEqual([
      ['optimizer', ['name', ['betas', ['0', '1']], 'empty']]
    ]);
    expect(names(toNodes(DOCUMENT, 'optim adam'))).toEqual([['optimizer', ['name']]]);
  });
});
