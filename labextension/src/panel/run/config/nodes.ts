/** Documents (config, summary) as trees that can be looked through and searched. Pure. */

/** A value, or a branch with values below it. */
export interface INode {
  name: string;
  /** What the value is, in one line. */
  text: string;
  /** What is below; null for a value. */
  children: (() => INode[]) | null;
}

const SHORT = 60;

/** What a document consists of, in alphabetical order; only what matches, where text is given. */
export function nodesOf(document: Record<string, unknown>, text = ''): INode[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return Object.keys(document)
    .sort((one, other) => one.localeCompare(other, undefined, { numeric: true }))
    .map(name => nodeOf(name, document[name], words))
    .filter(node => node !== null);
}

function nodeOf(name: string, value: unknown, words: readonly string[]): INode | null {
  // What is in the name of a branch need not be found below it again.
  const rest = words.filter(word => !name.toLowerCase().includes(word));
  if (typeof value !== 'object' || value === null) {
    const text = String(value);
    return rest.every(word => text.toLowerCase().includes(word))
      ? { name, text, children: null }
      : null;
  }
  const entries = Object.entries(value);
  const children = () =>
    entries.map(([key, child]) => nodeOf(key, child, rest)).filter(node => node !== null);
  if (rest.length > 0 && children().length === 0) {
    return null;
  }
  return entries.length === 0
    ? { name, text: Array.isArray(value) ? '[]' : '{}', children: null }
    : { name, text: summaryOf(value, entries.length), children };
}

/** The beginning of what is in a branch. */
function summaryOf(value: object, count: number): string {
  const type = (value as Record<string, unknown>)._type;
  if (typeof type === 'string') {
    return type;
  }
  const text = JSON.stringify(value).replace(/"([\w.-]+)":/g, '$1: ');
  const short = text.length > SHORT ? `${text.slice(0, SHORT)}…` : text;
  return count > 3 ? `(${count}) ${short}` : short;
}
