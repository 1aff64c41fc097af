import type { ServerConnection } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import { encodePathSegment, webUrl } from '../../src/api/urls';
import { RestAPI } from '../../src/api/restapi';

describe('webUrl', () => {
  it.each([
    'https://wandb.ai/entity/project/sweeps/abcd1234',
    'http://localhost:8080/a/b/sweeps/c?x=javascript:1#y',
    'HTTPS://WANDB.AI/'
  ])('accepts %s', address => {
    expect(webUrl(address)).toBe(address);
  });

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    '\u0001javascript:alert(1)',
    'java\nscript:alert(1)',
    'java\tscript:alert(1)//https://x',
    'javascript://https://x/%0aalert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:msgbox(1)',
    'blob:https://x/1',
    'file:///etc/passwd',
    '//elsewhere.example/x',
    '\\\\elsewhere.example',
    'https:elsewhere.example',
    'https:///elsewhere.example',
    'https://\u0000elsewhere',
    'https://a b/',
    'https://[/',
    ' https://wandb.ai',
    '/relative',
    'relative',
    ''
  ])('rejects %j', address => {
    expect(webUrl(address)).toBeNull();
  });

  it('rejects values that are not text', () => {
    for (const odd of [null, undefined, 3, ['https://x'], {}] as unknown as string[]) {
      expect(webUrl(odd)).toBeNull();
    }
  });
});

describe('fileUrl', () => {
  const settings = { baseUrl: 'http://server/base/', appendToken: false, token: '' };
  const api = new RestAPI(settings as unknown as ServerConnection.ISettings);
  const root = 'http://server/base/wandb-magic/api/sweeps/';

  it('returns the URL of a file of a run', () => {
    expect(api.fileUrl('s', 'r', 'media/a b#?.png')).toBe(
      `${root}s/runs/r/files/media/a%20b%23%3F.png`
    );
  });

  it.each([
    ['s', 'r', '../../../../../../logout'],
    ['s', 'r', './../x'],
    ['s', 'r', '..'],
    ['s', '..', '../x'],
    ['..', '..', 'x'],
    ['s', 'r', '/../..//x'],
    ['s', 'r', 'https://elsewhere.example/x'],
    ['s', 'r', '//elsewhere.example/x'],
    ['s', 'r', '..\\..\\x'],
    ['s', 'r', '%2e%2e/x'],
    ['s', 'r', 'javascript:alert(1)']
  ])('stays below the files of %s, %s for %s', (sweep, run, file) => {
    const { origin, pathname } = new URL(api.fileUrl(sweep, run, file));
    expect(origin).toBe('http://server');
    const below = `/base/wandb-magic/api/sweeps/${encodePathSegment(sweep)}/runs/${encodePathSegment(run)}/files/`;
    expect(pathname.startsWith(below)).toBe(true);
  });
});
