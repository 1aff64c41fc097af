/** Groups a run's files by folder, and decides how each can be previewed. Pure. */

import type { File } from '../../../api/schemas';

/** The files of one folder; the run's own folder has an empty name. */
export interface IFolder {
  name: string;
  files: readonly File[];
}

export type PreviewType = 'text' | 'json' | 'image' | 'none';

/** Text files up to this size, in bytes, are previewed. */
export const MAX_PREVIEW_SIZE = 1_000_000;

const TEXT_FILES =
  /\.(txt|md|rst|log|ya?ml|toml|ini|cfg|csv|tsv|py|js|ts|sh|diff|patch|html?|xml|ipynb)$/i;

/**
 * The run's own files first, then folder by folder; if `text` is given, only files that match it.
 */
export function groupByFolder(files: readonly File[], text = ''): IFolder[] {
  const searchText = text.trim().toLowerCase();
  const folders = new Map<string, File[]>([['', []]]);
  for (const file of files) {
    if (file.path.toLowerCase().includes(searchText)) {
      const name = file.path.slice(0, Math.max(0, file.path.lastIndexOf('/')));
      const folder = folders.get(name) ?? [];
      folder.push(file);
      folders.set(name, folder);
    }
  }
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  return [...folders]
    .filter(([, files]) => files.length > 0)
    .sort(([a], [b]) => compare(a, b))
    .map(([name, files]) => ({
      name,
      files: files.sort((a, b) => compare(a.path, b.path))
    }));
}

/** How a file can be previewed. */
export function previewType({ path, type, size }: File): PreviewType {
  if (size === null) {
    return 'none';
  }
  if (type.startsWith('image/')) {
    return 'image';
  }
  if (size > MAX_PREVIEW_SIZE) {
    return 'none';
  }
  if (type === 'application/json' || /\.json$/i.test(path)) {
    return 'json';
  }
  return type.startsWith('text/') || TEXT_FILES.test(path) ? 'text' : 'none';
}

/** JSON with one key per line; invalid JSON stays unchanged. */
export function prettyJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The last segment of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
