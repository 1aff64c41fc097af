/** What wandb's keys of system metrics mean, for people. Pure. */

import type { TranslationBundle } from '@jupyterlab/translation';

export type Part = 'gpu' | 'cpu' | 'memory' | 'disk' | 'network' | 'other';

export const PARTS: readonly Part[] = ['gpu', 'cpu', 'memory', 'disk', 'network', 'other'];

export interface INamed {
  key: string;
  part: Part;
  title: string;
}

type Rule = [RegExp, Part, (trans: TranslationBundle, found: RegExpExecArray) => string];

// wandb's own keys, as its core writes them; what is not here keeps its key as its title.
const RULES: readonly Rule[] = [
  [/^gpu\.(\d+)\.gpu$/, 'gpu', (t, [, n]) => t.__('GPU %1: busy, %', n)],
  [/^gpu\.(\d+)\.memory$/, 'gpu', (t, [, n]) => t.__('GPU %1: time spent on memory, %', n)],
  [/^gpu\.(\d+)\.memoryAllocated$/, 'gpu', (t, [, n]) => t.__('GPU %1: memory used, %', n)],
  [/^gpu\.(\d+)\.memoryAllocatedBytes$/, 'gpu', (t, [, n]) => t.__('GPU %1: memory used, B', n)],
  [/^gpu\.(\d+)\.temp$/, 'gpu', (t, [, n]) => t.__('GPU %1: temperature, °C', n)],
  [/^gpu\.(\d+)\.powerWatts$/, 'gpu', (t, [, n]) => t.__('GPU %1: power, W', n)],
  [/^gpu\.(\d+)\.powerPercent$/, 'gpu', (t, [, n]) => t.__('GPU %1: power, % of its limit', n)],
  [/^gpu\.(\d+)\.fanSpeed$/, 'gpu', (t, [, n]) => t.__('GPU %1: fan, %', n)],
  [/^gpu\.(\d+)\.smClock$/, 'gpu', (t, [, n]) => t.__('GPU %1: clock, MHz', n)],
  [/^gpu\.(\d+)\.memoryClock$/, 'gpu', (t, [, n]) => t.__('GPU %1: memory clock, MHz', n)],
  [/^gpu\./, 'gpu', (_, { input }) => input],
  [/^cpu$/, 'cpu', t => t.__('CPU of the run, %')],
  [/^cpu\.(\d+)\.cpu_percent$/, 'cpu', (t, [, n]) => t.__('Core %1: busy, %', n)],
  [/^cpu\.avg_temp$/, 'cpu', t => t.__('CPU temperature, °C')],
  [/^proc\.cpu\.threads$/, 'cpu', t => t.__('Threads of the run')],
  [/^memory(_percent)?$/, 'memory', t => t.__('Memory of the machine in use, %')],
  [/^proc\.memory\.rssMB$/, 'memory', t => t.__('Memory of the run, MB')],
  [/^proc\.memory\.percent$/, 'memory', t => t.__('Memory of the run, %')],
  [/^proc\.memory\.availableMB$/, 'memory', t => t.__('Memory of the machine left, MB')],
  [/^disk\.(.+)\.usageGB$/, 'disk', (t, [, path]) => t.__('Used on %1, GB', path)],
  [/^disk\.(.+)\.usagePercent$/, 'disk', (t, [, path]) => t.__('Used on %1, %', path)],
  [/^disk\.(.+)\.in$/, 'disk', (t, [, name]) => t.__('Read from %1, MB', name)],
  [/^disk\.(.+)\.out$/, 'disk', (t, [, name]) => t.__('Written to %1, MB', name)],
  [/^disk/, 'disk', (_, { input }) => input],
  [/^network\.recv$/, 'network', t => t.__('Received, B')],
  [/^network\.sent$/, 'network', t => t.__('Sent, B')],
  [/^network\.tcpRetransmits$/, 'network', t => t.__('TCP segments sent again')],
  [/^network/, 'network', (_, { input }) => input]
];

/** What a key is about. */
export function nameOf(key: string, trans: TranslationBundle): INamed {
  const plain = key.replace(/^system\./, '');
  for (const [pattern, part, title] of RULES) {
    const found = pattern.exec(plain);
    if (found !== null) {
      return { key, part, title: title(trans, found) };
    }
  }
  return { key, part: 'other', title: plain };
}

/** All keys part by part, GPUs first, each part in the order of its numbers and titles. */
export function namedParts(
  keys: readonly string[],
  trans: TranslationBundle
): { part: Part; named: readonly INamed[] }[] {
  const all = keys.map(key => nameOf(key, trans));
  const order = new Intl.Collator(undefined, { numeric: true });
  return PARTS.map(part => ({
    part,
    named: all
      .filter(each => each.part === part)
      .sort((one, other) => order.compare(one.title, other.title))
  })).filter(each => each.named.length > 0);
}
