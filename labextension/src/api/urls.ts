/** Addresses from elsewhere, and whether they may become links. */

/**
 * Return an address that leads to the web, or null.
 *
 * What a sweep's folder says may be anybody's: `javascript:` would run in this page, `//host` and
 * `data:` would pretend to be ours. Browsers skip blanks and control characters before and inside a
 * scheme, so nothing but a plain beginning passes.
 */
export function webUrl(address: string | null | undefined): string | null {
  if (typeof address !== 'string' || !/^https?:\/\/[^/?#\\]/i.test(address)) {
    return null;
  }
  // eslint-disable-next-line no-control-regex -- these are what is looked for
  return /[\u0000-\u0020\u007f]/.test(address) || !URL.canParse(address) ? null : address;
}

/** Return a name as one part of a path: what would lead out of it stays a name, too. */
export function encodePathSegment(name: string): string {
  return name === '.' || name === '..' ? `%2F${name}` : encodeURIComponent(name);
}
