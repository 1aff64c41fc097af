import { nullTranslator } from '@jupyterlab/translation';
import { expect, test } from 'vitest';

import {
  valueRange,
  parseHistogram,
  totalCount
} from '../../../../src/views/run/charts/histogram';
import {
  isPointCloud,
  layerColors,
  layerId,
  parseBoxes,
  parseMedia,
  parseTable
} from '../../../../src/views/run/charts/media';
import { groupKeys } from '../../../../src/views/run/charts/keySections';
import { groupMetrics, describeMetric } from '../../../../src/views/run/system/systemMetrics';

const trans = nullTranslator.load('wandb_magic');

test('keys are grouped by the text before a slash or a dot', () => {
  const keys = ['epoch', 'train/loss', 'val.loss', 'train/lr', '_step'];
  expect(groupKeys(keys, '')).toEqual([
    { title: '', keys: ['epoch'] },
    { title: 'train', keys: ['train/loss', 'train/lr'] },
    { title: 'val', keys: ['val.loss'] }
  ]);
  expect(groupKeys(keys, 'LOSS va')).toEqual([{ title: 'val', keys: ['val.loss'] }]);
});

test('a histogram is read with bins or packed', () => {
  const plain = parseHistogram(3, { _type: 'histogram', bins: [0, 1, 2], values: [4, 5] });
  expect(plain).toEqual({ step: 3, edges: [0, 1, 2], counts: [4, 5] });
  const packed = parseHistogram(3, {
    values: [4, 5],
    packedBins: { min: -1, size: 0.5, count: 2 }
  });
  expect(packed?.edges).toEqual([-1, -0.5, 0]);
  expect(packed && totalCount(packed)).toBe(9);
  expect(plain && packed && valueRange([plain, packed])).toEqual([-1, 2]);
});

test('values that are not histograms are rejected', () => {
  for (const value of [null, 3, {}, { values: [1] }, { values: ['a'], bins: [0, 1] }]) {
    expect(parseHistogram(0, value)).toBeNull();
  }
  expect(parseHistogram(0, { values: [1, 2], bins: [0, 1] })).toBeNull();
});

test('images come with captions, masks and boxes', () => {
  expect(
    parseMedia({
      _type: 'images/separated',
      filenames: ['a.png', 'b.png'],
      captions: ['one', 'two'],
      all_masks: [{ prediction: { path: 'm.png' } }, null]
    })
  ).toEqual({
    kind: 'images',
    pictures: [
      { path: 'a.png', caption: 'one', masks: [{ name: 'prediction', path: 'm.png' }], boxes: [] },
      { path: 'b.png', caption: 'two', masks: [], boxes: [] }
    ]
  });
});

test('unknown media are shown by the name of their type', () => {
  expect(parseMedia({ _type: 'molecule-file', path: 'm.pdb' })).toEqual({
    kind: 'file',
    type: 'molecule-file',
    path: 'm.pdb'
  });
  expect(parseMedia({ _type: 'graph', nodes: [] }).kind).toBe('other');
  expect(parseMedia('a text')).toEqual({ kind: 'text', text: 'a text' });
});

test('tables are parsed, and anything else is rejected', () => {
  const text = JSON.stringify({ columns: ['a', 'b'], data: [[1, 'x']], ncols: 2 });
  expect(parseTable(text)).toEqual({ columns: ['a', 'b'], rows: [[1, 'x']] });
  expect(parseTable('{"columns": 3}')).toBeNull();
  expect(parseTable('<html>')).toBeNull();
});

test('boxes are given by their edges or their center, in fractions or pixels', () => {
  const text = JSON.stringify({
    class_labels: { 1: 'digit' },
    box_data: [
      { position: { minX: 0.1, maxX: 0.3, minY: 0.2, maxY: 0.4 }, class_id: 1 },
      { position: { middle: [50, 50], width: 20, height: 10 }, domain: 'pixel', box_caption: 'b' },
      { position: {} }
    ]
  });
  const [sides, middle, ...others] = parseBoxes(text, { width: 100, height: 200 });
  expect(sides).toMatchObject({ left: 0.1, top: 0.2, label: 'digit' });
  expect(sides.width).toBeCloseTo(0.2);
  expect(middle).toEqual({ left: 0.4, top: 0.225, width: 0.2, height: 0.05, label: 'b' });
  expect(others).toEqual([]);
});

test("wandb's system metrics have names, and others keep their keys", () => {
  expect(describeMetric('gpu.1.memoryAllocated', trans)).toMatchObject({
    component: 'gpu',
    title: 'GPU 1: memory used, %'
  });
  expect(describeMetric('system.disk./.usageGB', trans)).toMatchObject({
    component: 'disk',
    title: 'Used on /, GB'
  });
  expect(describeMetric('tpu.0.x', trans)).toMatchObject({ component: 'other', title: 'tpu.0.x' });
  const parts = groupMetrics(['network.sent', 'cpu.10.cpu_percent', 'cpu.2.cpu_percent'], trans);
  expect(parts.map(({ part, named }) => [part, named.map(each => each.key)])).toEqual([
    ['cpu', ['cpu.2.cpu_percent', 'cpu.10.cpu_percent']],
    ['network', ['network.sent']]
  ]);
});

test('a layer has one color in all images of a key, whichever layers each has', () => {
  const image = (masks: string[], boxes: string[] = []) => ({
    _type: 'image-file',
    path: 'a.png',
    masks: Object.fromEntries(masks.map(name => [name, { path: `${name}.png` }])),
    boxes: Object.fromEntries(boxes.map(name => [name, { path: `${name}.json` }]))
  });
  const color = (index: number) => `color ${index}`;
  const both = image(['truth', 'guess'], ['truth']);
  const one = layerColors([both, image(['truth']), 'text'], color);
  const other = layerColors([image(['truth']), both, image(['guess', 'truth'])], color);
  expect(new Set(one.values()).size).toBe(3);
  expect([...one].sort()).toEqual([...other].sort());
  expect(one.get(layerId('mask', 'truth'))).not.toBe(one.get(layerId('boxes', 'truth')));
});

test('figures of plotly and 3D objects are drawn, meshes are not', () => {
  const plotly = { _type: 'plotly-file', path: 'media/plotly/a.plotly.json' };
  expect(parseMedia(plotly)).toEqual({ kind: 'plotly', paths: [plotly.path] });
  expect(parseMedia({ _type: 'plotly', plotly: [plotly, plotly] })).toEqual({
    kind: 'plotly',
    paths: [plotly.path, plotly.path]
  });
  const cloud = { _type: 'object3D-file', path: 'media/object3D/a.pts.json' };
  const mesh = { _type: 'object3D-file', path: 'media/object3D/a.glb' };
  expect(parseMedia({ _type: 'object3D', objects: [cloud, mesh], filenames: [] })).toEqual({
    kind: 'objects',
    paths: [cloud.path, mesh.path]
  });
  expect([cloud.path, mesh.path].map(isPointCloud)).toEqual([true, false]);
});
