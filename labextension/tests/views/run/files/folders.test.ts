import { describe, expect, it } from 'vitest';

import {
  groupByFolder,
  MAX_PREVIEW_SIZE,
  prettyJson,
  previewType
} from '../../../../src/views/run/files/folders';
import type { File } from '../../../../src/api/schemas';

const file = (path: string, type = 'text/plain', size: number | null = 10): File => ({
  path,
  type,
  size
});

describe('files', () => {
  const files = [
    file('media/images/b_10.png'),
    file('requirements.txt'),
    file('media/images/b_9.png'),
    file('config.yaml'),
    file('a/x.txt')
  ];

  it('are grouped by folder, the run’s own first, in natural order', () => {
    expect(
      groupByFolder(files).map(({ name, files: own }) => [name, own.map(each => each.path)])
    ).toEqual([
      ['', ['config.yaml', 'requirements.txt']],
      ['a', ['a/x.txt']],
      ['media/images', ['media/images/b_9.png', 'media/images/b_10.png']]
    ]);
  });

  it('are filtered by their full path', () => {
    expect(groupByFolder(files, ' IMAGES/b_1').flatMap(folder => folder.files)).toEqual([
      files[0]
    ]);
    expect(groupByFolder(files, 'nowhere')).toEqual([]);
    expect(groupByFolder([])).toEqual([]);
  });
});

describe('a file', () => {
  it('is previewed by its type', () => {
    expect(previewType(file('config.yaml'))).toBe('text');
    expect(previewType(file('run.py', 'text/x-python'))).toBe('text');
    expect(previewType(file('notes.rst', 'application/octet-stream'))).toBe('text');
    expect(previewType(file('wandb-metadata.json', 'application/json'))).toBe('json');
    expect(previewType(file('a.png', 'image/png', 10 * MAX_PREVIEW_SIZE))).toBe('image');
  });

  it('is not previewed if it is missing, too large, or not text', () => {
    expect(previewType(file('a.txt', 'text/plain', null))).toBe('none');
    expect(previewType(file('a.txt', 'text/plain', MAX_PREVIEW_SIZE + 1))).toBe('none');
    expect(previewType(file('weights.pt', 'application/octet-stream'))).toBe('none');
  });

  it('is formatted if it is JSON, and unchanged if it only claims to be', () => {
    expect(prettyJson('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
    expect(prettyJson('{broken')).toBe('{broken');
  });
});
