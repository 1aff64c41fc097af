/**
 * Bundles lib/ and style/ into the package's labextension folder. What follows goes to the builder:
 * `--development`, `--watch`.
 *
 * Which packages JupyterLab itself provides is the builder's to know; with which versions, ours: it
 * would ask for those of its own release, at which an older Lab that we support complains.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';

const read = file => JSON.parse(readFileSync(file, 'utf8'));
const { dependencies, jupyterlab } = read('package.json');
const core = read('node_modules/@jupyterlab/core-meta/core.package.json');

for (const versions of [core.dependencies, core.resolutions]) {
  for (const name of Object.keys(versions)) {
    versions[name] = dependencies[name] ?? versions[name];
  }
}
writeFileSync('lib/core.package.json', JSON.stringify(core));
const builder = 'node_modules/@jupyter/builder/lib/build-labextension.js';
const asked = ['--core-package-file', 'lib/core.package.json', ...process.argv.slice(2), '.'];
const built = spawnSync(process.execPath, [builder, ...asked], { stdio: 'inherit' });
if (built.status !== 0) {
  process.exit(built.status ?? 1);
}
copyFileSync('install.json', `${jupyterlab.outputDir}/install.json`);
