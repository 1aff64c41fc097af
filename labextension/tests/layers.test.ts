import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SOURCE = join(import.meta.dirname, '../src');
const STRUCTURE = join(import.meta.dirname, '../../docs/structure.md');

/** Each row may import itself and the rows above it; `.` stands for the modules of the root. */
const LAYERS: readonly (readonly string[])[] = [
  ['api'],
  ['.'],
  ['models'],
  ['tokens'],
  ['commands'],
  ['components'],
  ['charts'],
  ['views'],
  ['plugins'],
  ['index']
];
/** What a layer must not import even though it is above it. */
const FORBIDDEN: readonly (readonly [string, string])[] = [
  ['charts', 'models'],
  ['charts', 'commands'],
  ['components', 'commands']
];

const MODULES = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter(name => /\.tsx?$/.test(name))
  .map(name => normalize(name).replace(/\.tsx?$/, ''));

/** The imports of a module, including type-only imports, re-exports and dynamic imports. */
function importsOf(module: string): string[] {
  const file = [`${module}.ts`, `${module}.tsx`]
    .map(name => join(SOURCE, name))
    .find(path => ts.sys.fileExists(path));
  const { importedFiles } = ts.preProcessFile(readFileSync(file ?? '', 'utf8'), true, true);
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => normalize(join(dirname(module), fileName)));
}

function layerOf(module: string): string {
  const [first, ...rest] = module.split('/');
  return rest.length > 0 ? first : LAYERS.some(row => row.includes(module)) ? module : '.';
}

const GRAPH = new Map(MODULES.map(module => [module, importsOf(module)]));

/** The first import cycle; empty if there is none. */
function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const finished = new Set<string>();
  const visit = (module: string, path: readonly string[]): string[] => {
    if (path.includes(module)) {
      return [...path.slice(path.indexOf(module)), module];
    }
    if (finished.has(module)) {
      return [];
    }
    for (const imported of graph.get(module) ?? []) {
      const circle = visit(imported, [...path, module]);
      if (circle.length > 0) {
        return circle;
      }
    }
    finished.add(module);
    return [];
  };
  for (const module of graph.keys()) {
    const circle = visit(module, []);
    if (circle.length > 0) {
      return circle;
    }
  }
  return [];
}

describe('the imports of the sources', () => {
  it('are all resolved', () => {
    expect(MODULES.length).toBeGreaterThan(150);
    const missing = [...GRAPH.values()].flat().filter(module => !GRAPH.has(module));
    expect(missing).toEqual([]);
  });

  it('have no cycle, including type imports', () => {
    expect(findCircle(GRAPH)).toEqual([]);
  });

  it('would be found if they had one', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']]
    ]);
    expect(findCircle(graph)).toEqual(['b', 'c', 'b']);
  });

  it('only go up the layers', () => {
    const level = (layer: string) => LAYERS.findIndex(row => row.includes(layer));
    const wrong = [...GRAPH].flatMap(([module, imports]) =>
      imports
        .map(imported => [layerOf(module), layerOf(imported), `${module} -> ${imported}`] as const)
        .filter(
          ([from, to]) =>
            level(to) > level(from) ||
            FORBIDDEN.some(([layer, other]) => layer === from && other === to)
        )
        .map(([, , edge]) => edge)
    );
    expect(wrong).toEqual([]);
  });

  it('each have a layer, in the order of docs/structure.md', () => {
    const layers = LAYERS.flat();
    expect(MODULES.map(layerOf).filter(layer => !layers.includes(layer))).toEqual([]);
    const [, table = ''] =
      /<!-- front-end layers -->\n([\s\S]*?)<!-- end of front-end layers -->/.exec(
        readFileSync(STRUCTURE, 'utf8')
      ) ?? [];
    const listed = [...table.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name);
    expect(listed).toEqual(layers);
  });
});
