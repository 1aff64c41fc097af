/** A run's files by folder, and how each can be shown in place. Pure. */

import type { File } from '../../../wire';

/** Files of one folder; the run's own folder has no name. */
export interface IFolder {
  name: string;
  files: readonly File[];
}

export type Shown = 'text' | 'json' | 'image' | 'none';

/** Texts up to this many octets are shown. */
export const LONGEST = 1_000_000;

const TEXTS =
  /\.(txt|md|rst|log|ya?ml|toml|ini|cfg|csv|tsv|py|js|ts|sh|diff|patch|html?|xml|ipynb)$/i;

/** The run's own files first, then folder by folder; only what matches a text. */
export function foldersOf(files: readonly File[], text = ''): IFolder[] {
  const wanted = text.trim().toLowerCase();
  const folders = new Map<string, File[]>([['', []]]);
  for (const file of files) {
    if (file.path.toLowerCase().includes(wanted)) {
      const name = file.path.slice(0, Math.max(0, file.path.lastIndexOf('/')));
      const folder = folders.get(name) ?? [];
      folder.push(file);
      folders.set(name, folder);
    }
  }
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  return [...folders]
    .filter(([, found]) => found.length > 0)
    .sort(([one], [other]) => compare(one, other))
    .map(([name, found]) => ({
      name,
      files: found.sort((one, other) => compare(one.path, other.path))
    }));
}

/** How a file can be shown. */
export function shownAs({ path, type, size }: File): Shown {
  if (size === null) {
    return 'none';
  }
  if (type.startsWith('image/')) {
    return 'image';
  }
  if (size > LONGEST) {
    return 'none';
  }
  if (type === 'application/json' || /\.json$/i.test(path)) {
    return 'json';
  }
  return type.startsWith('text/') || TEXTS.test(path) ? 'text' : 'none';
}

/** JSON with a key a line; what is none stays as it is. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
