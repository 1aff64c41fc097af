import { defineConfig } from 'vitest/config';

// Lab's packages are written for a bundler (no file endings, css imports), so vite reads them too.
export default defineConfig({
  test: {
    environment: 'jsdom',
    cache: false, // the order of files is the same in every checkout
    isolate: false, // one page for all files: making one takes longer than the tests
    testTimeout: 60_000, // they may run beside others
    // Not setInterval: jsdom has one for its animation frames, which all files share; if it began in
    // a test that fakes it, no frame would ever come again.
    fakeTimers: { toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] },
    setupFiles: ['tests/setup.ts'],
    include: ['tests/**/*.test.{ts,tsx}'],
    server: { deps: { inline: [/@jupyterlab\//, /@jupyter\//, /@lumino\//] } }
  }
});
