/** How keys are put into sections: by what stands before their first slash or dot, as W&B does. Pure. */

export interface ISection {
  /** Empty for keys without a section of their own. */
  title: string;
  keys: readonly string[];
}

/** The sections of the keys that contain all words of a search, sections without a title first. */
export function sectionsOf(keys: readonly string[], search: string): ISection[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = new Map<string, string[]>();
  for (const key of keys) {
    const small = key.toLowerCase();
    if (!key.startsWith('_') && words.every(word => small.includes(word))) {
      const title = /^([^/.]+)[/.]/.exec(key)?.[1] ?? '';
      found.set(title, [...(found.get(title) ?? []), key]);
    }
  }
  return [...found]
    .map(([title, own]) => ({ title, keys: own }))
    .sort((one, other) => one.title.localeCompare(other.title));
}
