/** Groups keys into sections by the text before their first slash or dot, as W&B does. Pure. */

export interface IKeySection {
  /** Empty for keys without a section of their own. */
  title: string;
  keys: readonly string[];
}

/**
 * The sections of the keys that contain all words of a search; sections without a title come first.
 */
export function groupKeys(keys: readonly string[], search: string): IKeySection[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const sections = new Map<string, string[]>();
  for (const key of keys) {
    const lowerCase = key.toLowerCase();
    if (!key.startsWith('_') && words.every(word => lowerCase.includes(word))) {
      const title = /^([^/.]+)[/.]/.exec(key)?.[1] ?? '';
      sections.set(title, [...(sections.get(title) ?? []), key]);
    }
  }
  return [...sections]
    .map(([title, sectionKeys]) => ({ title, keys: sectionKeys }))
    .sort((a, b) => a.title.localeCompare(b.title));
}
