/** Titles and units of wandb's keys of system metrics. Pure. */

import type { TranslationBundle } from '@jupyterlab/translation';

export type SystemComponent = 'gpu' | 'cpu' | 'memory' | 'disk' | 'network' | 'other';

export const SYSTEM_COMPONENTS: readonly SystemComponent[] = [
  'gpu',
  'cpu',
  'memory',
  'disk',
  'network',
  'other'
];

export interface ISystemMetric {
  key: string;
  component: SystemComponent;
  title: string;
}

type Rule = [
  RegExp,
  SystemComponent,
  (trans: TranslationBundle, match: RegExpExecArray) => string
];

// wandb's own keys, as its core writes them; other keys are used as titles.
const RULES: readonly Rule[] = [
  [/^gpu\.(\d+)\.gpu$/, 'gpu', (t, [, n]) => t.__('GPU %1: utilization, %', n)],
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
  [/^cpu$/, 'cpu', t => t.__('Run CPU, %')],
  [/^cpu\.(\d+)\.cpu_percent$/, 'cpu', (t, [, n]) => t.__('Core %1: utilization, %', n)],
  [/^cpu\.avg_temp$/, 'cpu', t => t.__('CPU temperature, °C')],
  [/^proc\.cpu\.threads$/, 'cpu', t => t.__('Run threads')],
  [/^memory(_percent)?$/, 'memory', t => t.__('Machine memory used, %')],
  [/^proc\.memory\.rssMB$/, 'memory', t => t.__('Run memory, MB')],
  [/^proc\.memory\.percent$/, 'memory', t => t.__('Run memory, %')],
  [/^proc\.memory\.availableMB$/, 'memory', t => t.__('Machine memory available, MB')],
  [/^disk\.(.+)\.usageGB$/, 'disk', (t, [, path]) => t.__('Used on %1, GB', path)],
  [/^disk\.(.+)\.usagePercent$/, 'disk', (t, [, path]) => t.__('Used on %1, %', path)],
  [/^disk\.(.+)\.in$/, 'disk', (t, [, name]) => t.__('Read from %1, MB', name)],
  [/^disk\.(.+)\.out$/, 'disk', (t, [, name]) => t.__('Written to %1, MB', name)],
  [/^disk/, 'disk', (_, { input }) => input],
  [/^network\.recv$/, 'network', t => t.__('Received, B')],
  [/^network\.sent$/, 'network', t => t.__('Sent, B')],
  [/^network\.tcpRetransmits$/, 'network', t => t.__('TCP segments retransmitted')],
  [/^network/, 'network', (_, { input }) => input]
];

/** Describe the metric of a key. */
export function describeMetric(key: string, trans: TranslationBundle): ISystemMetric {
  const name = key.replace(/^system\./, '');
  for (const [pattern, component, title] of RULES) {
    const match = pattern.exec(name);
    if (match !== null) {
      return { key, component, title: title(trans, match) };
    }
  }
  return { key, component: 'other', title: name };
}

/** All keys by component, GPUs first; within a component by number and title. */
export function groupMetrics(
  keys: readonly string[],
  trans: TranslationBundle
): { part: SystemComponent; named: readonly ISystemMetric[] }[] {
  const metrics = keys.map(key => describeMetric(key, trans));
  const collator = new Intl.Collator(undefined, { numeric: true });
  return SYSTEM_COMPONENTS.map(component => ({
    part: component,
    named: metrics
      .filter(metric => metric.component === component)
      .sort((a, b) => collator.compare(a.title, b.title))
  })).filter(group => group.named.length > 0);
}
