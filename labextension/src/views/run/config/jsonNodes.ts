/** Documents (config, summary) as trees that can be browsed and searched. Pure. */

/** A value, or a branch with values below it. */
export interface IJsonNode {
  name: string;
  /** The value in one line. */
  text: string;
  /** The nodes below; null for a value. */
  children: (() => IJsonNode[]) | null;
}

const PREVIEW_LENGTH = 60;

/** The nodes of a document in alphabetical order; if `text` is given, only those that match it. */
export function toNodes(document: Record<string, unknown>, text = ''): IJsonNode[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return Object.keys(document)
    .sort((a, b) => a.localeCompare(b, undefined, { numeric: true }))
    .map(name => toNode(name, document[name], words))
    .filter(node => node !== null);
}

function toNode(name: string, value: unknown, words: readonly string[]): IJsonNode | null {
  // If the name of a branch matches, everything below it is shown.
  const remainingWords = words.filter(word => !name.toLowerCase().includes(word));
  if (typeof value !== 'object' || value === null) {
    const text = String(value);
    return remainingWords.every(word => text.toLowerCase().includes(word))
      ? { name, text, children: null }
      : null;
  }
  const entries = Object.entries(value);
  const children = () =>
    entries
      .map(([key, child]) => toNode(key, child, remainingWords))
      .filter(node => node !== null);
  if (remainingWords.length > 0 && children().length === 0) {
    return null;
  }
  return entries.length === 0
    ? { name, text: Array.isArray(value) ? '[]' : '{}', children: null }
    : { name, text: previewOf(value, entries.length), children };
}

/** The beginning of a branch's content. */
function previewOf(value: object, count: number): string {
  const type = (value as Record<string, unknown>)._type;
  if (typeof type === 'string') {
    return type;
  }
  const text = JSON.stringify(value).replace(/"([\w.-]+)":/g, '$1: ');
  const short = text.length > PREVIEW_LENGTH ? `${text.slice(0, PREVIEW_LENGTH)}…` : text;
  return count > 3 ? `(${count}) ${short}` : short;
}
