/** URLs from untrusted sources, and whether they may become links. */

/**
 * Return the URL if it is an HTTP(S) address, or null.
 *
 * Anybody may have written a sweep's folder: `javascript:` would run in this page, and `//host` and
 * `data:` would pose as ours. Browsers ignore whitespace and control characters before and inside a
 * scheme, so only a plain beginning passes.
 */
export function webUrl(address: string | null | undefined): string | null {
  if (typeof address !== 'string' || !/^https?:\/\/[^/?#\\]/i.test(address)) {
    return null;
  }
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  return /[\u0000-\u0020\u007f]/.test(address) || !URL.canParse(address) ? null : address;
}

/** Return a file's path; its slashes remain. */
export function encodePath(path: string): string {
  return path.split('/').map(encodePathSegment).join('/');
}

/** Return a name as one path segment: a name such as `..` cannot leave its folder. */
export function encodePathSegment(name: string): string {
  return name === '.' || name === '..' ? `%2F${name}` : encodeURIComponent(name);
}
